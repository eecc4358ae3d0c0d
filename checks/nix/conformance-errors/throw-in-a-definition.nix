# says: nothing to say
# says: while evaluating the option `title'
{ title = throw "nothing to say"; }
