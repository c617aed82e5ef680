// Ten lines against the installed library; the argument is a folder for a store.
#include <spind/store.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto store = spind::Store::open(argv[1], {.create = true}).value();
  auto ada = store.session({.user = "ada", .tenant = "school"}).value();
  auto space = ada.create_space({.alias = "ada"}).value();
  space.put("/hello.txt", "Hello, locker").value();
  return space.get("/hello.txt").value() == "Hello, locker" ? 0 : 1;
}
