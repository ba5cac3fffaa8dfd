// Content-Encoding: one layer, bounded.
#include <brotli/decode.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

#include "core/ascii.h"
#include "crawl/compression/zstd.h"
#include "crawl/http.h"

namespace ftok {
namespace {

using Kind = ContentDecoded::Kind;

constexpr size_t kStep = size_t{64} << 10;
constexpr int kZstdWindowLogMax = 23;  // RFC 8878, 3.1.1.1.2: decoders of HTTP content should take up to 8 MiB

bool looks_like_text(std::string_view body) {
  const std::string_view start = body.substr(0, 512);
  if (std::any_of(start.begin(), start.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 && !is_ascii_space(c) && byte != 0x1B;
      })) {
    return false;
  }
  const std::string_view trimmed = trim(start);
  return trimmed.starts_with('<') || trimmed.starts_with('{') ||
         simdjson::validate_utf8(start.data(), start.size() / 2);
}

// What is decoded, and room behind it. The room is made again only when it is used up, at least as much as there is
// already: a body of very many small members costs no more than one of the same size.
class Output {
 public:
  Output(std::string& out, size_t bytes_max, uint64_t& prepared)
      : out_(out), bytes_max_(bytes_max), prepared_(prepared) {}
  ~Output() { out_.resize(used_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Room for the next step, never none; at most bytes_max + 1 bytes in all, so that one too many is seen.
  size_t room() {
    if (used_ == out_.size()) {
      const size_t more = std::min(std::max(kStep, used_), bytes_max_ + 1 - used_);
      out_.resize(used_ + more);
      prepared_ += more;
    }
    return out_.size() - used_;
  }
  char* end() { return out_.data() + used_; }
  void take(size_t size) { used_ += size; }
  size_t used() const { return used_; }
  bool is_too_large() const { return used_ > bytes_max_; }

 private:
  std::string& out_;
  const size_t bytes_max_;
  uint64_t& prepared_;
  size_t used_ = 0;
};

ContentDecoded inflate_body(std::string_view body, int window_bits, Output& out) {
  z_stream stream{};
  if (::inflateInit2(&stream, window_bits) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, ::inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(std::min<size_t>(body.size(), UINT32_MAX));
  while (true) {
    const size_t room = std::min<size_t>(out.room(), UINT32_MAX);
    stream.next_out = reinterpret_cast<Bytef*>(out.end());
    stream.avail_out = static_cast<uInt>(room);
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    out.take(room - stream.avail_out);
    if (out.is_too_large()) return {Kind::kTooLarge, {}, body.size() - stream.avail_in};
    if (status == Z_STREAM_END) {
      // Members may follow one another (RFC 1952, 2.2); anything else behind is left alone.
      const bool member =
          window_bits > 15 && stream.avail_in > 1 && stream.next_in[0] == 0x1F && stream.next_in[1] == 0x8B;
      if (!member) return {Kind::kDecoded, {}, 0};
      ::inflateReset(&stream);
      continue;
    }
    if (status == Z_OK || (status == Z_BUF_ERROR && stream.avail_out == 0)) continue;
    if (status == Z_BUF_ERROR) return {Kind::kTruncated, fmt::format("after {} decoded bytes", out.used()), 0};
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    return {Kind::kDamaged,
            fmt::format("{} after {} decoded bytes", stream.msg != nullptr ? stream.msg : "bad data", out.used()), 0};
  }
}

ContentDecoded decode_brotli(std::string_view body, Output& out) {
  const std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (state == nullptr) throw std::bad_alloc();
  const auto* in = reinterpret_cast<const uint8_t*>(body.data());
  size_t in_left = body.size();
  while (true) {
    size_t room = out.room();
    const size_t given = room;
    auto* to = reinterpret_cast<uint8_t*>(out.end());
    const BrotliDecoderResult result = BrotliDecoderDecompressStream(state.get(), &in_left, &in, &room, &to, nullptr);
    out.take(given - room);
    if (out.is_too_large()) return {Kind::kTooLarge, {}, body.size() - in_left};
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return {Kind::kDecoded, {}, 0};
    if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
      return {Kind::kTruncated, fmt::format("after {} decoded bytes", out.used()), 0};
    }
    if (result == BROTLI_DECODER_RESULT_ERROR) {
      return {Kind::kDamaged,
              fmt::format("{} after {} decoded bytes", BrotliDecoderErrorString(BrotliDecoderGetErrorCode(state.get())),
                          out.used()),
              0};
    }
  }
}

ContentDecoded decode_zstd(std::string_view body, Output& out) {
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  while (true) {
    const size_t room = out.room();
    ZSTD_outBuffer to{out.end(), room, 0};
    const size_t left = ZSTD_decompressStream(context.get(), &to, &in);
    out.take(to.pos);
    if (ZSTD_isError(left)) {
      return {Kind::kDamaged, fmt::format("{} after {} decoded bytes", ZSTD_getErrorName(left), out.used()), 0};
    }
    if (out.is_too_large()) return {Kind::kTooLarge, {}, in.pos};
    // Frames may follow one another (RFC 8878, 3.1); anything else behind is left alone.
    if (left == 0 && !is_zstd_magic(body.substr(in.pos))) return {Kind::kDecoded, {}, 0};
    if (in.pos == in.size && left != 0 && to.pos < room)  // nothing more to give
      return {Kind::kTruncated, fmt::format("after {} decoded bytes", out.used()), 0};
  }
}

ContentDecoded decode_deflate(std::string_view body, Output& out) {
  // "deflate" means zlib (RFC 9110, 8.4.1.2), but many servers send bare DEFLATE.
  ContentDecoded result = inflate_body(body, 15, out);
  if (result.kind == Kind::kDamaged && out.used() == 0) result = inflate_body(body, -15, out);
  return result;
}

}  // namespace

std::vector<std::string> content_codings(std::string_view value) {
  std::vector<std::string> codings;
  while (!value.empty()) {
    const size_t comma = value.find(',');
    std::string coding = lower_ascii(trim(value.substr(0, comma)));
    if (coding.size() >= 2 && coding.front() == '"' && coding.back() == '"')
      coding = coding.substr(1, coding.size() - 2);
    if (!coding.empty() && coding != "identity" && coding != "none" && coding != "utf-8")
      codings.push_back(std::move(coding));
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
  return codings;
}

std::string_view coding_by_magic(std::string_view body) {
  if (body.starts_with("\x1F\x8B\x08")) return "gzip";
  if (body.starts_with("\x28\xB5\x2F\xFD")) return "zstd";
  // zlib's header for windows of 32 KiB (RFC 1950, 2.2); what does not decode after it is taken as it is.
  for (const std::string_view zlib : {"x\x01", "x\x5E", "x\x9C", "x\xDA"}) {
    if (body.starts_with(zlib)) return "deflate";
  }
  return {};
}

namespace {

ContentDecoded decode_by_name(std::string_view encoding, std::string_view body, Output& out) {
  if (encoding == "gzip" || encoding == "x-gzip") {
    if (!body.starts_with("\x1F\x8B")) return {};  // stored decoded
    return inflate_body(body, 15 + 16, out);
  }
  if (encoding == "zstd") return body.starts_with("\x28\xB5\x2F\xFD") ? decode_zstd(body, out) : ContentDecoded();
  if (encoding == "br") return decode_brotli(body, out);
  return encoding == "deflate" ? decode_deflate(body, out) : ContentDecoded();
}

}  // namespace

ContentDecoded decode_content(std::string_view encoding, std::string_view body, size_t bytes_max, std::string& out) {
  out.clear();
  if (body.empty()) return {};
  uint64_t prepared = 0;
  ContentDecoded result;
  {
    Output output(out, bytes_max, prepared);
    result = decode_by_name(encoding, body, output);
  }
  result.prepared_bytes = prepared;
  // Brotli and DEFLATE have no magic: a body stored decoded under the old header shows by not decoding, and being text.
  const bool has_magic = encoding != "br" && encoding != "deflate";
  if (!has_magic && (result.kind == Kind::kDamaged || result.kind == Kind::kTruncated) && looks_like_text(body)) {
    out.clear();
    return {};
  }
  return result;
}

}  // namespace ftok
