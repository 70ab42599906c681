//go:build unix

package command

// exposedBegin is the page above its tables.
const exposedBegin = `# Data stores and consoles

What sotomi knows of products that should not face the net: from which server or source the answer in each signature's first
case was taken, which real servers the signature is run against on every change (a folder of ` + "`checks/testdata/labs/`" + ` or a test in
` + "`checks/store/`" + `; where there is none, its cases are answers scripted from that source), and the settings that its remedy names. All have
their words in English and Japanese. Tests hold this page to the signatures: write it anew with
` + "`go test ./scanner/command -run ExposedProducts -update-exposed`" + `.
`

// wholeSiteBegin is what stands above the table of consoles that have an address to themselves.
const wholeSiteBegin = `
## Where consoles are looked for

These products have an address to themselves: where the page at ` + "`/`" + ` is another site's, their fixed addresses are not asked for,
which saves a plain site two dozen requests. A proxy that shares a host among several puts such a product below a folder; the one that its
documentation names is asked for, whatever the page of the site is. Most find it in another one if that is the target:
` + "`https://shop.example/inner/prometheus/`" + ` (CouchDB, n8n, Portainer and Zipkin do not).

| signature | asked for below |
|---|---|
`

// storeTests are the tests in checks/store that run a signature's check against real servers.
var storeTests = map[string]string{
	"amqp-open": "TestRealRabbitMQ", "cassandra-open": "TestRealCassandra", "clickhouse-native-open": "TestRealClickHouse", "ftp-anonymous": "TestRealVsftpd",
	"jdwp-open": "TestRealJDWP", "kafka-open": "TestRealKafka", "ldap-open": "TestRealOpenLDAP", "memcached-open": "TestRealMemcached",
	"mongodb-open": "TestRealMongoDB", "mqtt-open": "TestRealMosquitto", "mysql-open": "TestRealMariaDB", "nats-open": "TestRealNATS",
	"ipmi-open": "TestRealIPMI", "nfs-open": "TestRealNFS", "postgresql-open": "TestRealPostgreSQL", "rdp-without-nla": "TestRealRDP", "redis-open": "TestRealRedis",
	"rsync-open": "TestRealRsync", "smb-weak": "TestRealSamba", "telnet-open": "TestRealTelnet", "vnc-open": "TestRealVNC", "x11-open": "TestRealX11",
	"zookeeper-open": "TestRealZooKeeper",
}

var exposedStores = []exposed{
	{name: "Redis, Valkey, KeyDB", ids: []string{"redis-open"}, bind: "bind 127.0.0.1", login: "requirepass"},
	{name: "MongoDB", ids: []string{"mongodb-open"}, bind: "net.bindIp: 127.0.0.1", login: "security.authorization: enabled"},
	{name: "Memcached", ids: []string{"memcached-open"}, bind: "-l 127.0.0.1", login: "-Y"},
	{name: "PostgreSQL", ids: []string{"postgresql-open"}, bind: "listen_addresses = 'localhost'", login: "scram-sha-256"},
	{name: "MySQL, MariaDB", ids: []string{"mysql-open"}, bind: "bind-address=127.0.0.1", login: "ALTER USER"},
	{name: "SQL Server", ids: []string{"sql-server-unencrypted"}, bind: "network.ipaddress 127.0.0.1", why: "it always asks for one"},
	{name: "etcd", ids: []string{"etcd-open"}, bind: "--listen-client-urls=https://127.0.0.1:2379", login: "auth enable"},
	{name: "Consul", ids: []string{"consul-open"}, bind: "client_addr", login: "acl.default_policy"},
	{name: "ZooKeeper", ids: []string{"zookeeper-open"}, bind: "clientPortAddress", login: "sessionRequireClientSASLAuth=true"},
	{name: "Kafka", ids: []string{"kafka-open"}, bind: "listeners=SASL_SSL://127.0.0.1:9093", login: "SASL"},
	{name: "RabbitMQ and other AMQP", ids: []string{"amqp-open"}, bind: "listeners.tcp.local = 127.0.0.1:5672", login: "anonymous_login_user = none"},
	{name: "NATS", ids: []string{"nats-open"}, bind: "listen: 127.0.0.1:4222", login: "authorization"},
	{name: "MQTT", ids: []string{"mqtt-open"}, bind: "listener 1883 127.0.0.1", login: "allow_anonymous false"},
	{name: "InfluxDB 1", ids: []string{"influxdb-open"}, bind: `bind-address = "127.0.0.1:8086"`, login: "auth-enabled = true"},
	{name: "InfluxDB 2", ids: []string{"influxdb-setup-open"}, bind: "--http-bind-address=127.0.0.1:8086", login: "influx setup"},
	{name: "ClickHouse (HTTP, native)", ids: []string{"clickhouse-open", "clickhouse-native-open"}, bind: "listen_host", login: "password_sha256_hex"},
	{name: "Cassandra", ids: []string{"cassandra-open"}, bind: "rpc_address", login: "authenticator: PasswordAuthenticator"},
	{name: "Neo4j", ids: []string{"neo4j-open"}, bind: "server.default_listen_address=127.0.0.1", login: "dbms.security.auth_enabled=true"},
	{name: "CouchDB", ids: []string{"couchdb-open"}, bind: "bind_address", login: "require_valid_user = true"},
	{name: "Solr", ids: []string{"solr-open"}, bind: "SOLR_JETTY_HOST=127.0.0.1", login: "BasicAuthPlugin"},
	{name: "Elasticsearch, OpenSearch", ids: []string{"elasticsearch-open", "elasticsearch-metadata", "elasticsearch-banner"}, bind: "network.host", login: "xpack.security.enabled: true"},
	{name: "Meilisearch", ids: []string{"meilisearch-open"}, bind: "MEILI_HTTP_ADDR=127.0.0.1:7700", login: "MEILI_MASTER_KEY"},
	{name: "Typesense", ids: []string{"typesense-open"}, bind: "--api-address 127.0.0.1", login: "--api-key"},
	{name: "Qdrant", ids: []string{"qdrant-open"}, bind: "service.host: 127.0.0.1", login: "service.api_key"},
	{name: "Weaviate", ids: []string{"weaviate-open"}, bind: "--host 127.0.0.1", login: "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=false"},
	{name: "Milvus", ids: []string{"milvus-open"}, bind: "127.0.0.1:19530:19530", login: "common.security.authorizationEnabled"},
	{name: "Chroma", ids: []string{"chroma-open"}, bind: "chroma run --host 127.0.0.1", login: "CHROMA_SERVER_AUTHN_PROVIDER"},
	{name: "rsync", ids: []string{"rsync-open"}, bind: "address = 127.0.0.1", login: "auth users"},
	{name: "IPMI", ids: []string{"ipmi-open"}, login: "ipmitool", why: "a network of its own and the firewall"},
	{name: "NFS", ids: []string{"nfs-open"}, bind: "host=", login: "sec=krb5p"},
	{name: "FTP", ids: []string{"ftp-anonymous"}, bind: "listen_address=127.0.0.1", login: "anonymous_enable=NO"},
	{name: "LDAP", ids: []string{"ldap-open"}, bind: "slapd -h ldap://127.0.0.1/", login: "require authc"},
	{name: "SMB", ids: []string{"smb-weak"}, bind: "bind interfaces only = yes", why: "it always asks for one; guests are not tried"},
	{name: "Telnet", ids: []string{"telnet-open"}, why: "to be ended, not set"},
	{name: "RDP", ids: []string{"rdp-without-nla"}, bind: "port=tcp://.:3389", why: "it always asks for one; network level authentication does so before anything else"},
	{name: "VNC", ids: []string{"vnc-open"}, bind: "-localhost", login: "-SecurityTypes TLSVnc"},
	{name: "X11", ids: []string{"x11-open"}, bind: "-nolisten tcp", why: "it does unless -ac or xhost + tell it not to"},
	{name: "Java debugger (JDWP)", ids: []string{"jdwp-open"}, bind: "address=127.0.0.1:PORT", why: "it has none"},
	{name: "Buckets (S3, Google, Firebase, Azure) and servers like them", ids: []string{"bucket-listing", "bucket-named"}, login: "s3:ListBucket", why: "an address of the cloud"},
	{name: "Firebase Realtime Database", ids: []string{"firebase-open"}, login: "auth", why: "an address of the cloud"},
}

var exposedConsoles = []exposed{
	{name: "Docker API", ids: []string{"docker-api-open"}, bind: "unix:///var/run/docker.sock", login: "--tlsverify"},
	{name: "Docker registry", ids: []string{"docker-registry-open"}, bind: "http.addr: 127.0.0.1:5000", login: "auth: htpasswd"},
	{name: "Kubernetes API", ids: []string{"kubernetes-api-open"}, bind: "--bind-address", login: "--anonymous-auth=false"},
	{name: "kubelet", ids: []string{"kubelet-open"}, bind: "address:", login: "authentication.anonymous.enabled: false"},
	{name: "Kubernetes Dashboard", ids: []string{"kubernetes-dashboard-skip"}, bind: "kubectl proxy", login: "--enable-skip-login"},
	{name: "RabbitMQ management", ids: []string{"rabbitmq-management"}, bind: "management.tcp.ip = 127.0.0.1", login: "rabbitmqctl delete_user guest"},
	{name: "ActiveMQ", ids: []string{"activemq-open"}, bind: "jettyPort", login: "authenticate"},
	{name: "NATS monitoring", ids: []string{"nats-monitoring"}, bind: "http: 127.0.0.1:8222", why: "it has none"},
	{name: "HDFS", ids: []string{"hdfs-open"}, bind: "dfs.namenode.http-address=127.0.0.1:9870", login: "hadoop.http.authentication.type=kerberos"},
	{name: "YARN", ids: []string{"yarn-open"}, bind: "yarn.resourcemanager.webapp.address=127.0.0.1:8088", login: "hadoop.http.authentication.type=kerberos"},
	{name: "Spark", ids: []string{"spark-master-open"}, bind: "SPARK_MASTER_HOST=127.0.0.1", login: "spark.authenticate"},
	{name: "Flink", ids: []string{"flink-open"}, bind: "rest.bind-address: 127.0.0.1", login: "security.ssl.rest.authentication-enabled"},
	{name: "Airflow", ids: []string{"airflow-open"}, bind: "web_server_host", login: "AUTH_ROLE_PUBLIC"},
	{name: "Jupyter", ids: []string{"jupyter-open"}, bind: "ServerApp.ip = 127.0.0.1", login: "ServerApp.token"},
	{name: "MLflow", ids: []string{"mlflow-open"}, bind: "--host 127.0.0.1", login: "--app-name basic-auth"},
	{name: "Ollama", ids: []string{"ollama-open"}, bind: "OLLAMA_HOST=127.0.0.1", why: "it has none"},
	{name: "LiteLLM", ids: []string{"litellm-open"}, bind: "litellm --host 127.0.0.1", login: "general_settings.master_key"},
	{name: "vLLM", ids: []string{"vllm-open"}, bind: "--host 127.0.0.1", login: "--api-key"},
	{name: "Open WebUI", ids: []string{"open-webui-registration"}, bind: "open-webui serve --host 127.0.0.1", login: "ENABLE_SIGNUP=false"},
	{name: "n8n", ids: []string{"n8n-setup-open"}, bind: "N8N_LISTEN_ADDRESS=127.0.0.1", why: "it asks once its set-up is finished"},
	{name: "Node-RED", ids: []string{"node-red-open"}, bind: `uiHost: "127.0.0.1"`, login: "adminAuth"},
	{name: "Langflow", ids: []string{"langflow-cve-2025-3248"}, bind: "LANGFLOW_HOST=127.0.0.1", login: "LANGFLOW_AUTO_LOGIN=False"},
	{name: "Dify", ids: []string{"dify-setup-open"}, bind: "EXPOSE_NGINX_PORT=127.0.0.1:80", login: "INIT_PASSWORD"},
	{name: "ComfyUI", ids: []string{"comfyui-open"}, bind: "--listen", why: "it has none"},
	{name: "MCP servers", ids: []string{"mcp-server-open", "mcp-tools-open"}, bind: "127.0.0.1", login: "OAuth"},
	{name: "Kibana, OpenSearch Dashboards", ids: []string{"kibana-open"}, bind: "server.host: 127.0.0.1", login: "xpack.security.enabled"},
	{name: "Cerebro", ids: []string{"cerebro-open"}, bind: "-Dhttp.address=127.0.0.1", login: "auth"},
	{name: "elasticsearch-head", ids: []string{"elasticsearch-head"}, bind: "hostname", login: "xpack.security.enabled: true"},
	{name: "Grafana", ids: []string{"grafana-anonymous", "grafana-login"}, bind: "http_addr", login: "[auth.anonymous]"},
	{name: "Prometheus", ids: []string{"prometheus-server", "prometheus-admin-api"}, bind: "--web.listen-address=127.0.0.1:9090", login: "basic_auth_users"},
	{name: "Alertmanager", ids: []string{"alertmanager-open"}, bind: "--web.listen-address=127.0.0.1:9093", login: "basic_auth_users"},
	{name: "Pushgateway", ids: []string{"pushgateway-open"}, bind: "--web.listen-address=127.0.0.1:9091", login: "basic_auth_users"},
	{name: "Jaeger", ids: []string{"jaeger-open"}, bind: "--query.http-server.host-port=127.0.0.1:16686", why: "it has none"},
	{name: "Zipkin", ids: []string{"zipkin-open"}, bind: "--armeria.ports[0].ip=127.0.0.1", why: "it has none"},
	{name: "Portainer", ids: []string{"portainer-setup-open"}, bind: "--bind 127.0.0.1:9000", login: "--admin-password-file"},
	{name: "Traefik", ids: []string{"traefik-api-open"}, bind: "entryPoints.traefik.address: 127.0.0.1:8080", login: "basicAuth"},
	{name: "Nomad", ids: []string{"nomad-open"}, bind: `addresses { http = "127.0.0.1" }`, login: "acl { enabled = true }"},
	{name: "Vault", ids: []string{"vault-reachable"}, bind: `address = "127.0.0.1:8200"`, why: "it always asks for one"},
	{name: "Argo CD", ids: []string{"argocd-anonymous"}, bind: "kubectl port-forward", login: "users.anonymous.enabled"},
	{name: "Rancher", ids: []string{"rancher-reachable"}, bind: "-p 127.0.0.1:443:443", why: "it always asks for one"},
	{name: "Harbor", ids: []string{"harbor-registration-open"}, login: "Administration", why: "it has no such setting"},
	{name: "Gitea", ids: []string{"gitea-registration-open"}, bind: "HTTP_ADDR", login: "DISABLE_REGISTRATION = true"},
	{name: "GitLab", ids: []string{"gitlab-registration-open"}, bind: "nginx['listen_addresses']", why: "a switch in its settings (Sign-up restrictions)"},
	{name: "Jenkins", ids: []string{"jenkins-open"}, bind: "--httpListenAddress=127.0.0.1", why: "a switch in its settings (Security)"},
	{name: "phpMyAdmin", ids: []string{"phpmyadmin-open", "phpmyadmin-login"}, login: "$cfg['Servers'][$i]['auth_type'] = 'cookie'", why: servedBySite},
	{name: "Adminer", ids: []string{"adminer-login"}, why: servedBySite + "; it always asks for one"},
	{name: "phpPgAdmin", ids: []string{"phppgadmin"}, why: servedBySite + "; it always asks for one"},
	{name: "pgAdmin", ids: []string{"pgadmin-login"}, bind: "DEFAULT_SERVER = '127.0.0.1'", login: "MFA_ENABLED"},
	{name: "mongo-express", ids: []string{"mongo-express-open"}, bind: "VCAP_APP_HOST=127.0.0.1", login: "ME_CONFIG_BASICAUTH_USERNAME"},
	{name: "Redis Commander", ids: []string{"redis-commander-open"}, bind: "--address 127.0.0.1", login: "HTTP_USER"},
	{name: "Flower", ids: []string{"flower-open"}, bind: "--address=127.0.0.1", login: "--basic-auth"},
	{name: "Supervisor", ids: []string{"supervisor-open"}, bind: "port=127.0.0.1:9001", login: "username"},
	{name: "H2", ids: []string{"h2-console"}, bind: "-webAllowOthers", why: "the databases ask for one; the console does not"},
	{name: "JBoss", ids: []string{"jboss-jmx-console"}, bind: "-b 127.0.0.1", login: "jboss-web.xml"},
	{name: "WildFly", ids: []string{"wildfly-console"}, bind: "jboss.bind.address.management", login: "bin/add-user.sh"},
	{name: "WebLogic", ids: []string{"weblogic-console"}, bind: "ListenAddress", why: "it always asks for one"},
	{name: "Tomcat manager", ids: []string{"tomcat-manager"}, bind: `address="127.0.0.1"`, login: "tomcat-users.xml"},
	{name: "ColdFusion", ids: []string{"coldfusion-admin"}, bind: `address="127.0.0.1"`, why: "it always asks for one"},
	{name: "Webmin", ids: []string{"webmin-login"}, bind: "bind=127.0.0.1", why: "it always asks for one"},
}

var exposedParts = []exposed{
	{name: "Werkzeug (Flask) console", ids: []string{"werkzeug-debugger"}, login: "FLASK_DEBUG=0", why: servedBySite},
	{name: "Rails web-console", ids: []string{"rails-web-console", "rails-info"}, login: "RAILS_ENV=production", why: servedBySite},
	{name: "Django debug page", ids: []string{"django-debug"}, login: "DEBUG = False", why: servedBySite},
	{name: "Symfony profiler", ids: []string{"symfony-profiler"}, login: "APP_DEBUG=0", why: servedBySite},
	{name: "Laravel Ignition", ids: []string{"laravel-ignition"}, login: "APP_DEBUG=false", why: servedBySite},
	{name: "Laravel Telescope", ids: []string{"laravel-telescope"}, login: "viewTelescope", why: servedBySite},
	{name: "Spring Boot Actuator", ids: []string{"spring-actuator", "spring-gateway-routes"}, bind: "management.server.address=127.0.0.1", login: "Spring Security"},
	{name: "Jolokia", ids: []string{"jolokia"}, bind: "host=127.0.0.1", login: "user"},
	{name: "Go pprof", ids: []string{"go-pprof"}, bind: `http.ListenAndServe("127.0.0.1:6060", nil)`, why: "it has none"},
	{name: "GraphQL", ids: []string{"graphql-introspection"}, why: servedBySite},
	{name: "Swagger UI", ids: []string{"swagger-ui"}, why: servedBySite},
	{name: "Source maps", ids: []string{"source-map"}, why: servedBySite},
	{name: "hgweb", ids: []string{"mercurial-web"}, why: servedBySite},
}
