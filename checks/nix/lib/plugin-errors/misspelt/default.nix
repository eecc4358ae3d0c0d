{ option = [ ]; }
