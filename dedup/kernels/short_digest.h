// ShortDigest: the first 8 bytes of a digest of libcrypto, as a little-endian number.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"

namespace ftok {

// The algorithm is fetched and the context made once: libcrypto's one-shot functions do both at each call, which takes
// longer than the hashing of a few words. Not thread-safe.
class ShortDigest {
 public:
  // `name`: as libcrypto has it, "SHA1". Throws Error when it has none.
  explicit ShortDigest(const char* name) : name_(name), algorithm_(EVP_MD_fetch(nullptr, name, nullptr), EVP_MD_free) {
    if (algorithm_ == nullptr || context_ == nullptr) throw Error("libcrypto has no " + name_);
  }

  uint64_t first_8_bytes(std::string_view bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) != 1 ||
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(context_.get(), digest, nullptr) != 1) {
      throw Error("libcrypto cannot compute " + name_);
    }
    uint64_t value = 0;
    for (int i = 7; i >= 0; --i) value = value << 8 | digest[i];
    return value;
  }

 private:
  std::string name_;
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm_;
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

}  // namespace ftok
