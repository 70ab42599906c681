//go:build unix

package cacheleak

const nginxStatus = "add_header X-Cache-Status $upstream_cache_status;\n"

// labs are all caches with all configurations, and what is true of each page through them.
var labs = []lab{
	{"nginx", nginxCache(nginxStatus), []labCase{
		{"/fresh", "sequential"},
		{"/quiet", "sequential"},
		{"/names", "sequential"},
		{"/login-fresh", "sequential"},
		{"/surrogate", ""},
		{"/private", ""},
		{"/public-fresh", ""},
		{"/mercari", ""},
		{"/vary", ""},
		{"/language.css", ""},
		{"/theme", ""},
		{"/time", ""},
		{"/noise", ""},
		{"/session", ""},
	}},
	{"nginx-lock", nginxCache(nginxStatus + "proxy_cache_lock on;"), []labCase{{"/mercari", ""}, {"/private", ""}}},
	{"nginx-silent", nginxCache(""), []labCase{{"/fresh", "sequential"}, {"/private", ""}}},
	{"nginx-ignores-headers", nginxCache(nginxStatus + "proxy_ignore_headers Cache-Control Expires Set-Cookie; proxy_cache_valid 200 60s;"), []labCase{
		{"/private", "sequential"}, {"/session", "set-cookie"}, {"/language.css", ""},
	}},
	{"nginx-microcache", nginxCache(nginxStatus + "proxy_ignore_headers Cache-Control Expires; proxy_cache_valid 200 1s;"), []labCase{{"/private", "sequential"}}},
	{"nginx-vary-ignored", nginxCache("proxy_ignore_headers Vary;"), []labCase{{"/vary", "sequential"}}},
	{"nginx-bypass-still-stores", nginxCache(nginxStatus + "proxy_cache_bypass $cookie_sid;"), []labCase{{"/fresh", "anonymous"}, {"/private", ""}}},
	{"nginx-bypass-and-no-store", nginxCache(nginxStatus + "proxy_cache_bypass $cookie_sid; proxy_no_cache $cookie_sid;"), []labCase{{"/fresh", ""}}},
	{"nginx-cookie-in-key", nginxCache(nginxStatus + "proxy_cache_key $host$request_uri$cookie_sid; proxy_cache_valid 200 60s;"), []labCase{{"/fresh", ""}, {"/bare-head", ""}}},
	{"nginx-skips-queries", nginxCache(nginxStatus + "proxy_cache_bypass $is_args; proxy_no_cache $is_args; proxy_ignore_headers Cache-Control; proxy_cache_valid 200 60s;"), []labCase{{"/private", "bare"}, {"/public-fresh", ""}, {"/theme", ""}}},
	{"nginx-key-without-query", nginxCache(nginxStatus + "set $path $request_uri; if ($request_uri ~ ^([^?]*)) { set $path $1; } proxy_cache_key $host$path;"), []labCase{{"/fresh", "bare"}, {"/public-fresh", ""}, {"/private", ""}}},
	{"nginx-deception", nginxCache(nginxStatus + "proxy_cache_bypass $personal; proxy_no_cache $personal; proxy_ignore_headers Cache-Control Expires Set-Cookie; proxy_cache_valid 200 60s;\n set $personal 1; if ($request_uri ~ \\.(css|js|jpg)) { set $personal 0; }"), []labCase{
		{"/account", "deception"}, {"/fresh", ""},
	}},
	{"varnish", varnishCache(""), []labCase{{"/fresh", ""}, {"/mercari", ""}, {"/public-fresh", ""}}},
	{"varnish-no-cookie-pass", varnishCache(noCookiePass), []labCase{
		{"/fresh", "sequential"},
		{"/bare-head", "sequential"},
		{"/expires-0", "sequential"},
		{"/surrogate", "sequential"},
		{"/mercari", ""},
		{"/private", ""},
		{"/vary", ""},
		{"/theme", ""},
		{"/session", ""},
	}},
	{"varnish-stores-cookies", varnishCache(noCookiePass + "sub vcl_backend_response { set beresp.ttl = 60s; return (deliver); }\n"), []labCase{{"/session", "set-cookie"}, {"/private", "sequential"}, {"/language.css", ""}}},
	{"varnish-mercari", varnishCache(shortest), []labCase{{"/mercari", "concurrent"}, {"/past", "concurrent"}, {"/private", ""}}},
	{"varnish-mercari-twin", varnishCache(boilerplate), []labCase{{"/mercari", ""}, {"/past", ""}}},
	{"squid", squidCache(""), []labCase{
		{"/fresh", "sequential"}, {"/validator", "validator"}, {"/session", ""}, {"/private", ""}, {"/mercari", ""}, {"/vary", ""}, {"/public-fresh", ""},
	}},
	{"squid-collapsed", squidCache("collapsed_forwarding on\n"), []labCase{{"/private", ""}, {"/fresh", "sequential"}, {"/mercari", "concurrent"}}},
	{"apache", apacheCache(""), []labCase{{"/fresh", "sequential"}, {"/session", "set-cookie"}, {"/validator", "bare intrusive"}, {"/validator-0", "validator"}, {"/private", ""}, {"/mercari", ""}, {"/bare-head", ""}}},
	{"haproxy", haproxyCache(""), []labCase{{"/fresh", "sequential"}, {"/session", "set-cookie"}, {"/private", ""}, {"/bare-head", ""}, {"/mercari", ""}}},
	{"traffic-server", trafficServer(""), []labCase{{"/past", "concurrent"}, {"/fresh", "sequential"}, {"/private", ""}, {"/mercari", ""}, {"/public-fresh", ""}}},
	{"traffic-server-no-read-while-write", trafficServer("CONFIG proxy.config.cache.enable_read_while_writer INT 0\n"), []labCase{{"/past", ""}, {"/private", ""}}},
	{"vinyl9", newer("/usr/sbin/vinyld", varnishCache("")), []labCase{{"/fresh", ""}, {"/mercari", ""}}},
	{"vinyl9-mercari", newer("/usr/sbin/vinyld", varnishCache(boilerplate)), []labCase{{"/mercari", "concurrent"}, {"/past", "concurrent"}, {"/private", ""}, {"/public-fresh", ""}}},
	{"vinyl9-hit-for-miss", newer("/usr/sbin/vinyld", varnishCache(noCookiePass)), []labCase{{"/mercari", ""}, {"/private", ""}, {"/fresh", "sequential"}}},
	{"squid7", newer("/usr/sbin/squid-gnutls", squidCache("")), []labCase{{"/mercari", ""}, {"/private", ""}, {"/fresh", "sequential"}}},
	{"squid7-collapsed", newer("/usr/sbin/squid-gnutls", squidCache("collapsed_forwarding on\n")), []labCase{{"/mercari", "concurrent"}, {"/bare-head", "concurrent"}, {"/private", ""}}},
}

// newer runs a program of the newer caches with the same configuration.
func newer(program string, c realCache) realCache {
	c.program, c.newer = program, true
	return c
}
