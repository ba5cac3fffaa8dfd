#include "shards/checksum.h"

#include <xxhash.h>
#ifdef FTOK_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>  // after xxhash.h: its names take the place of the same without vectors
#endif

#include <cassert>
#include <new>

#include "core/byte_source.h"
#include "core/hex.h"

namespace ftok {
namespace {

std::string canonical(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return {reinterpret_cast<const char*>(canonical.digest), kChecksumBytes};
}

}  // namespace

void Checksum::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

Checksum::Checksum() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

Checksum::~Checksum() = default;
Checksum::Checksum(Checksum&&) noexcept = default;
Checksum& Checksum::operator=(Checksum&&) noexcept = default;

void Checksum::update(std::string_view bytes) {
  if (!bytes.empty()) XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

std::string Checksum::bytes() const { return canonical(XXH3_128bits_digest(state_.get())); }

std::string Checksum::hex() const { return to_hex(bytes()); }

std::string checksum_of(std::string_view bytes) { return to_hex(canonical(XXH3_128bits(bytes.data(), bytes.size()))); }

uint64_t block_checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string checksum_of_file(const std::string& path, uint64_t* bytes) {
  const auto source = open_file_source(path);
  Checksum checksum;
  std::string block(size_t{1} << 18, '\0');
  uint64_t size = 0;
  while (const size_t got = source->read(block.data(), block.size())) {
    checksum.update(std::string_view(block).substr(0, got));
    size += got;
  }
  if (bytes != nullptr) *bytes = size;
  return checksum.hex();
}

bool ends_in_checksum(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return false;
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  return canonical(XXH3_128bits(body.data(), body.size())) == bytes.substr(body.size());
}

}  // namespace ftok
