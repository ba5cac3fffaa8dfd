// SHA-256 (FIPS 180-4) over libcrypto, as lower-case hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace ftok {

// Not thread-safe; one object, one digest.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  std::string hex();  // 64 digits; ends the digest

  static std::string of(std::string_view bytes);
  static std::string of_file(const std::string& path);  // throws Error naming the file

 private:
  evp_md_ctx_st* context_;
};

}  // namespace ftok
