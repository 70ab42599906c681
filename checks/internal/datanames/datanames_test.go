package datanames

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestRansomNames: forms that blackmailers are known to use, and names that only hold such a word.
func TestRansomNames(t *testing.T) {
	for _, name := range []string{
		"read_me", "READ_ME", "readme", "read__me", "read-me", "read_me_to_get_your_data_back", "read_me_to_recover_database",
		"READ_ME_TO_RECOVER_YOUR_DATA", "read me to recover database", "readme_to_recover", "please_read", "please_read_me", "pleasereadthis",
		"warning", "how_to_recover", "how_to_restore_your_data", "recover_your_data", "your_data_is_encrypted", "your_database_has_been_deleted",
		"hacked", "you_have_been_hacked", "pwned", "ransom", "ransom_note", "0wd1h3kmqz-meow", "qprtfhxwzb-meow", "meow",
	} {
		if !RansomNote(name, 1) {
			t.Errorf("%s: not taken for a ransom note", name)
		}
	}
	for _, name := range []string{
		"homeowners", "homeowner_policies", "customer_warning_mails", "app-readme-pages", "readmes", "readme-docs", "products", "warnings",
		"early_warning_events", "proofreaders", "spread_menus", "homeowner", "cats-meow", "home-owners-2024", "hacked-sites-feed", "recovery",
		"how_to_recover-faq-search", "your_data", "ransomware_events", ".readme", "please_reader", "reader_metrics",
	} {
		if RansomNote(name, 1) {
			t.Errorf("%s: taken for a ransom note", name)
		}
	}
	if RansomNote("warning", 250_000) {
		t.Error("an index of 250,000 documents is a log, whatever its name")
	}
	if !RansomNote("read_me", -1) {
		t.Error("a closed index may be a note")
	}
}

// TestPersonalFields: names of fields in use, in six languages, and those of logs, metrics and shops, which mean nobody.
func TestPersonalFields(t *testing.T) {
	for fields, want := range map[string]string{
		"firstName lastName emailAddress":                      "mail name",
		"FIRST_NAME PHONE_NUMBER":                              "name phone",
		"date_of_birth ssn":                                    "birth national-id",
		"rut nombre direccion":                                 "address name national-id",
		"cpf nome_completo endereco":                           "address name national-id",
		"name_kana tel zip01 pref":                             "address name phone",
		"name01 kana01 addr01 tel01":                           "address name phone",
		"氏名 住所 生年月日 電話番号":                                      "address birth name phone",
		"姓名 手机 身份证":                                            "name national-id phone",
		"이름 주소 전화":                                             "address name phone",
		"email lat lon":                                        "location mail",
		"customer.email customer.name":                         "mail name",
		"card_number cvv":                                      "card",
		"timestamp message level host.name logger_name":        "",
		"@timestamp agent.name agent.hostname service.name":    "",
		"ip_address mac_address user_agent_name":               "",
		"product_name brand_name price title city":             "",
		"name location latitude longitude":                     "",
		"geo_point speed heading":                              "",
		"email_template email_sent_count email_subject":        "",
		"phone_model phone_os telemetry telephony":             "",
		"panel company_pan_zoom span expand run_id":            "",
		"address contract_address token_name":                  "",
		"index_name field_name table_name pod_name queue_name": "",
		"ruta runtime nieuws dniowe":                           "",
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(Categories(strings.Fields(fields)))), " "); got != want {
			t.Errorf("%s: %q, want %q", fields, got, want)
		}
	}
}

// TestPeople: names of databases, tables, collections and topics in use.
func TestPeople(t *testing.T) {
	for _, name := range []string{"customers", "shop.members", "Patient", "userAccounts", "app_users", "kaiin", "T_KOKYAKU", "会員マスタ", "clientes_2024", "customer-created", "members_backup", "users"} {
		if !People(name) {
			t.Errorf("%s: not taken for people", name)
		}
	}
	for _, name := range []string{"products", "orders", "user_agents", "useragent", "cluster_members", "usergroups", "user_settings", "service_accounts", "sessions", "membership_fees", "config", "metrics", "peoplesoft"} {
		if People(name) {
			t.Errorf("%s: taken for people", name)
		}
	}
}
