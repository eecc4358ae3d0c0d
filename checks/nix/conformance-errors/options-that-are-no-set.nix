# says: An option declaration for `size' has type
{ options.size = 5; }
