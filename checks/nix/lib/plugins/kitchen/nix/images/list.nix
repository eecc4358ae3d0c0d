[ "list" ]
