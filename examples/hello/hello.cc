// Opens a store, puts a file into a space, overwrites it, and reads both versions.
//
//   hello DIR

#include <iostream>

#include "spind/store.h"

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: hello DIR\n", 2;
  spind::Result<spind::Store> store = spind::Store::open(argv[1], {.create = true});
  if (!store.ok()) return std::cerr << store.error().to_string() << "\n", 1;

  const spind::Session ada = store->session({.user = "ada"}).value();
  spind::Result<spind::Space> space = ada.space_by_alias("ada");
  if (!space.ok()) space = ada.create_space({.alias = "ada"});
  if (!space.ok()) return std::cerr << space.error().to_string() << "\n", 1;

  const auto first = space->put("/notes/hello.txt", "Hello, locker\n", {.make_parents = true});
  const auto second = space->put("/notes/hello.txt", "Hello again\n");
  if (!first.ok() || !second.ok()) return 1;
  std::cout << space->get("/notes/hello.txt", {.version = first->version}).value()
            << space->get("/notes/hello.txt").value();
}
