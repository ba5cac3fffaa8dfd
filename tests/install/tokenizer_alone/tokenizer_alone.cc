// How many tokens the text on standard input has with a vocabulary, checked by decoding them.
#include <iostream>
#include <iterator>

#include "tokenizer/encoding.h"

int main(int, char** argv) {
  const ftok::Encoding encoding = ftok::Encoding::load(argv[1]);
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  const std::vector<uint32_t> ids = encoding.encode_ordinary(text);
  std::cout << (encoding.decode(ids) == text ? ids.size() : 0) << "\n";
}
