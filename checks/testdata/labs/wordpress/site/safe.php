<?php
// What an owner switches off: the interface's list of users, XML-RPC, and the release in pages.
add_filter( 'rest_endpoints', function ( $all ) {
	unset( $all['/wp/v2/users'], $all['/wp/v2/users/(?P<id>[\d]+)'] );
	return $all;
} );
remove_action( 'wp_head', 'wp_generator' );
