# says: @file@
[ ]
