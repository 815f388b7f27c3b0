struct Broken {
  Missing field;
  AlsoMissing other;
};
