<?php
// Repeats what visitors send, the ways careless applications do. Port "encoded" asks for /encoded.
$path = urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
$encode = isset($_SERVER['HTTP_X_ENCODE']) ? 'htmlspecialchars' : fn($s) => $s;
header('Content-Type: text/html; charset=utf-8');
if (str_starts_with($path, '/gz/') && str_contains($_SERVER['HTTP_ACCEPT_ENCODING'] ?? '', 'gzip')) {
    ob_start('ob_gzhandler');
}
echo "<html><body><form action='/search'><input name='q'></form>";
if ($path === '/search' || $path === '/' || $path === '/gz/') {
    foreach ($_GET as $value) {
        if (is_string($value)) {
            echo "<p>", $encode($value), "</p>";
        }
    }
    if ($path === '/') {
        echo "<p>", $encode($_SERVER['HTTP_USER_AGENT'] ?? ''), "</p>";
    }
} else {
    http_response_code(404);
    echo "<p>", $encode($path), " was not found.</p>";
}
echo "</body></html>";
