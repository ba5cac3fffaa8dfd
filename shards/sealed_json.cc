#include "shards/sealed_json.h"

#include <cassert>

#include "shards/checksum.h"

namespace ftok {
namespace {

constexpr std::string_view kObjectEnd = "\n}";
constexpr std::string_view kSealBegin = ",\n  \"checksum\": \"";
constexpr std::string_view kSealEnd = "\"\n}\n";

}  // namespace

std::string seal_json(std::string_view object) {
  assert(object.ends_with(kObjectEnd));
  object.remove_suffix(kObjectEnd.size());
  std::string file(object);
  file += kSealBegin;
  file += checksum_of(object);
  file += kSealEnd;
  return file;
}

Result<std::string_view> check_sealed_json(std::string_view file) {
  constexpr size_t kSealBytes = kSealBegin.size() + kChecksumDigits + kSealEnd.size();
  if (file.size() < kSealBytes) return Damage{"unsealed", "it is cut short", file.size()};
  const std::string_view object = file.substr(0, file.size() - kSealBytes);
  const std::string_view seal = file.substr(object.size());
  if (!seal.starts_with(kSealBegin) || !seal.ends_with(kSealEnd)) {
    return Damage{"unsealed", "it does not end in a \"checksum\" field", object.size()};
  }
  if (seal.substr(kSealBegin.size(), kChecksumDigits) != checksum_of(object)) {
    return Damage{"bad_checksum", "its checksum does not match its bytes", 0};
  }
  return file;
}

}  // namespace ftok
