// DigestingSource: passes bytes on and digests them, so that a manifest can name exactly what was read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/byte_source.h"
#include "shards/checksum.h"

namespace ftok {

class DigestingSource : public ByteSource {
 public:
  explicit DigestingSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {}

  size_t read(char* out, size_t size) override {
    const size_t got = inner_->read(out, size);
    checksum_.update(std::string_view(out, got));
    bytes_ += got;
    return got;
  }
  bool can_read_at() const override { return inner_->can_read_at(); }  // and what is read so is not digested
  size_t read_at(uint64_t offset, char* out, size_t size) override { return inner_->read_at(offset, out, size); }
  const std::string& name() const override { return inner_->name(); }
  uint64_t size_if_known() const override { return inner_->size_if_known(); }

  uint64_t bytes() const { return bytes_; }
  std::string digest() const { return checksum_.hex(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  Checksum checksum_;
  uint64_t bytes_ = 0;
};

}  // namespace ftok
