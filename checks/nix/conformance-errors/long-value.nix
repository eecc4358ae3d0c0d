# says: A definition for option `title' is not of type `string'.
# says: - In `@file@':
# says: ...
{
  title = {
    a = 1;
    b = 2;
    c = 3;
    d = 4;
    e = 5;
    f = 6;
  };
}
