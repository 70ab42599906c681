//go:build unix

package cacheleak

// nginxCache is nginx with one location; extra are further lines of it.
func nginxCache(extra string) realCache {
	return realCache{
		program: "nginx", args: []string{"-p", "DIR", "-c", "DIR/nginx.conf", "-e", "DIR/error.log"},
		files: map[string]string{"nginx.conf": `daemon off; master_process off; pid DIR/pid; error_log DIR/error.log;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path DIR/body; proxy_temp_path DIR/tmp; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
  proxy_cache_path DIR/cache keys_zone=pages:4m inactive=10m;
  upstream origin { server ORIGIN; keepalive 16; }
  server {
    listen 127.0.0.1:PORT;
    location / {
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_cache pages;
` + extra + `
    }
  }
}
`},
	}
}

// varnishCache is Varnish with a VCL; it needs a C compiler, as Varnish does.
func varnishCache(vcl string, parameters ...string) realCache {
	args := []string{"-F", "-n", "DIR/work", "-a", "127.0.0.1:PORT", "-f", "DIR/default.vcl", "-s", "malloc,32m", "-j", "none", "-T", "none"}
	for _, p := range parameters {
		args = append(args, "-p", p)
	}
	return realCache{program: "varnishd", args: args, files: map[string]string{
		"default.vcl": "vcl 4.1;\nbackend default { .host = \"127.0.0.1\"; .port = \"ORIGINPORT\"; }\n" + vcl,
	}}
}

// noCookiePass caches for visitors with cookies, as shops do whose start page is too slow.
const noCookiePass = "sub vcl_recv { return (hash); }\n"

// boilerplate is the shape of what CDNs hand out: it decides all by itself, so the built-in rules do not run.
const boilerplate = noCookiePass + `sub vcl_backend_response {
  if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "private") { set beresp.uncacheable = true; set beresp.ttl = 120s; return (deliver); }
  set beresp.grace = 0s;
  return (deliver);
}
`

// shortest gives expired answers the shortest life there is, which is how older Varnish versions merged requests.
const shortest = noCookiePass + `sub vcl_backend_response {
  if (beresp.http.Set-Cookie || beresp.http.Cache-Control ~ "private") { set beresp.uncacheable = true; set beresp.ttl = 120s; return (deliver); }
  set beresp.grace = 0s;
  if (beresp.ttl <= 0s) { set beresp.ttl = 1ms; }
  return (deliver);
}
`

func squidCache(extra string) realCache {
	return realCache{program: "squid", args: []string{"-N", "-f", "DIR/squid.conf"}, files: map[string]string{"squid.conf": `
http_port 127.0.0.1:PORT accel defaultsite=lab.test no-vhost
cache_peer 127.0.0.1 parent ORIGINPORT 0 no-query originserver name=origin
acl all_sites dstdomain lab.test
http_access allow all
cache_peer_access origin allow all
cache_mem 16 MB
pid_filename none
cache_log stdio:DIR/cache.log
access_log none
cache_store_log none
coredump_dir DIR
shutdown_lifetime 0 seconds
visible_hostname lab.test
pinger_enable off
` + extra}}
}

func apacheCache(extra string) realCache {
	return realCache{program: "apache2", args: []string{"-X", "-d", "DIR", "-f", "DIR/httpd.conf"}, files: map[string]string{"httpd.conf": `
ServerRoot DIR
ServerName lab.test
Listen 127.0.0.1:PORT
PidFile DIR/pid
ErrorLog DIR/error.log
Mutex pthread
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule cache_module /usr/lib/apache2/modules/mod_cache.so
LoadModule cache_disk_module /usr/lib/apache2/modules/mod_cache_disk.so
CacheRoot DIR/cache
CacheEnable disk /
CacheQuickHandler on
CacheHeader on
ProxyPass / http://ORIGIN/
` + extra, "cache/placeholder": ""}}
}

func haproxyCache(extra string) realCache {
	return realCache{program: "haproxy", args: []string{"-db", "-f", "DIR/haproxy.cfg"}, files: map[string]string{"haproxy.cfg": `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
cache pages
  total-max-size 8
  max-object-size 100000
  max-age 60
` + extra + `
frontend web
  bind 127.0.0.1:PORT
  http-request cache-use pages
  http-response cache-store pages
  default_backend origin
backend origin
  server one ORIGIN
`}}
}

func trafficServer(records string) realCache {
	return realCache{
		program: "traffic_server", env: []string{"TS_RUNROOT=DIR"},
		files: map[string]string{
			"runroot.yaml": `prefix: /usr
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: DIR/etc
datadir: DIR/data
includedir: /usr/include
libdir: /usr/lib
libexecdir: /usr/lib/trafficserver/modules
localstatedir: DIR/var
runtimedir: DIR/var
logdir: DIR/log
cachedir: DIR/data
`,
			"etc/records.config": `CONFIG proxy.config.http.server_ports STRING PORT:ip-in=127.0.0.1
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.url_remap.remap_required INT 1
CONFIG proxy.config.diags.output.status STRING E
CONFIG proxy.config.http.insert_response_via_str INT 2
CONFIG proxy.config.log.logging_enabled INT 0
` + records,
			"etc/remap.config":   "map / http://ORIGIN/\n",
			"etc/storage.config": "DIR/data 32M\n",
			"etc/ip_allow.yaml":  "ip_allow:\n  - apply: in\n    ip_addrs: 0/0\n    action: allow\n    methods: ALL\n",
			"data/placeholder":   "", "log/placeholder": "", "var/placeholder": "",
		},
	}
}
