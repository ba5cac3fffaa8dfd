// The main text of the page on standard input.
#include <iostream>
#include <iterator>

#include "extract/extract.h"

int main() {
  const std::string page(std::istreambuf_iterator<char>(std::cin), {});
  std::cout << ftok::extract(page, {}).text << "\n";
}
