# says: Module `@file@' has an unsupported attribute `port'.
{
  config = { };
  port = 80;
}
