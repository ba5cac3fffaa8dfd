#include "core/sha256.h"

#include <openssl/evp.h>

#include <new>

#include "core/byte_source.h"
#include "core/hex.h"

namespace ftok {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::update(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(context_, digest, &size);
  return to_hex({reinterpret_cast<const char*>(digest), size});
}

std::string Sha256::of(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

std::string Sha256::of_file(const std::string& path) {
  const auto source = open_file_source(path);
  Sha256 digest;
  std::string block(1 << 20, '\0');
  while (const size_t got = source->read(block.data(), block.size())) digest.update({block.data(), got});
  return digest.hex();
}

}  // namespace ftok
