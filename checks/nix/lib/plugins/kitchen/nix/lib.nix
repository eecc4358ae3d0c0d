# A private copy, as many plugins have one; `replaceChars` is gone from nixpkgs.
lib: with lib; {
  shout = text: toUpper (replaceChars [ "-" ] [ "_" ] text);
}
