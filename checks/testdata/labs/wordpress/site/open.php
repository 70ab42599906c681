<?php
trigger_error( 'a notice of the site', E_USER_NOTICE ); // for wp-content/debug.log
