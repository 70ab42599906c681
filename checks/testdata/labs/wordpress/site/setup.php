<?php
// usage: setup.php NAME. Makes the database of a site once the server is there, installs WordPress in it (not in that of
// "fresh"), and lays out the plug-ins.
//
// Their archives cannot be had where the lab runs. Each is a folder of its name with a readme.txt that begins as the real
// one of that release does, and a program that adds the real style sheet's address to pages, as WordPress writes it.
$name = $argv[1];
mysqli_report( MYSQLI_REPORT_OFF );
for ( $i = 0; ! ( $db = @mysqli_connect( 'localhost', 'root', '', '', 0, '{{dir}}/sql.sock' ) ); $i++ ) {
	if ( $i > 900 ) {
		exit( "the database did not come up\n" );
	}
	usleep( 100000 );
}
mysqli_query( $db, "CREATE DATABASE $name" );
if ( 'fresh' === $name ) {
	exit( 0 );
}

$readmes = array(
	'wp-file-manager' => array( 'File Manager', 'mndpsingh287', 'css/fm_common.css' ),
	'usc-e-shop'      => array( 'Welcart e-Commerce', 'Collne Inc., uscnanbu', 'css/usces_default.css' ),
	'mw-wp-form'      => array( 'MW WP Form', 'inc2734, ryu263', 'css/style.css' ),
);
$releases = array(
	'open' => array( 'wp-file-manager' => '6.8', 'usc-e-shop' => '2.9.3', 'mw-wp-form' => '4.4.2' ),
	'safe' => array( 'wp-file-manager' => '8.0.4', 'usc-e-shop' => '2.11.34', 'mw-wp-form' => '5.1.4' ),
);
$active = array();
foreach ( $releases[ $name ] as $plugin => $release ) {
	list( $title, $by, $style ) = $readmes[ $plugin ];
	$folder = "wp-content/plugins/$plugin";
	mkdir( "$folder/css", 0755, true );
	file_put_contents( "$folder/readme.txt", "=== $title ===\nContributors: $by\nRequires at least: 5.5\nStable tag: $release\nLicense: GPLv2 or later\n\n== Changelog ==\n\n= $release =\n* Changes.\n" );
	file_put_contents( "$folder/$style", "body { color: inherit; }\n" );
	file_put_contents( "$folder/$plugin.php", "<?php\n/*\nPlugin Name: $title\nVersion: $release\n*/\nadd_action( 'wp_enqueue_scripts', function () {\n\twp_enqueue_style( '$plugin', plugins_url( '$style', __FILE__ ), array(), '$release' );\n} );\n" );
	$active[] = "$plugin/$plugin.php";
}

define( 'WP_INSTALLING', true );
require 'wp-load.php';
require 'wp-admin/includes/upgrade.php';
function wp_new_blog_notification() {} // no mail
wp_install( 'Lab', 'keeper', 'keeper@example.com', true, '', bin2hex( random_bytes( 16 ) ) );
update_option( 'template', 'sotomi-lab' );
update_option( 'stylesheet', 'sotomi-lab' );
update_option( 'active_plugins', $active );
update_option( 'permalink_structure', '/%year%/%postname%/' );
if ( 'open' === $name ) {
	copy( 'wp-config.php', 'wp-config.php.bak' );
	file_put_contents( 'wp-content/uploads/2026/catalogue.txt', "catalogue\n" );
	file_put_contents( 'wp-content/uploads/x.php', "<?php // left by nobody\n" );
}
