#include "tests/crawl/archive_builder.h"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "core/byte_source.h"

namespace ftok::testing {
namespace {

std::string zlib_compress(std::string_view bytes, int window_bits, int level) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::string gzip(std::string_view bytes, int level) { return zlib_compress(bytes, 15 + 16, level); }

std::string deflate(std::string_view bytes, bool raw) { return zlib_compress(bytes, raw ? -15 : 15, 6); }

std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

std::string brotli(std::string_view bytes) {
  size_t size = BrotliEncoderMaxCompressedSize(bytes.size()) + 16;
  std::string out(size, '\0');
  EXPECT_TRUE(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, bytes.size(),
                                    reinterpret_cast<const uint8_t*>(bytes.data()), &size,
                                    reinterpret_cast<uint8_t*>(out.data())));
  out.resize(size);
  return out;
}

std::string warc_record(std::string_view type, std::string_view block, std::string_view url, std::string_view length,
                        std::string_view content_type) {
  std::string record = "WARC/1.0\r\nWARC-Type: ";
  record.append(type)
      .append("\r\nWARC-Record-ID: <urn:uuid:")
      .append(type)
      .append("-")
      .append(std::to_string(block.size()));
  record.append(">\r\nWARC-Date: 2024-05-23T00:00:00Z\r\nWARC-Target-URI: ").append(url);
  record.append("\r\nContent-Type: ").append(content_type).append("\r\n");
  if (length != "none") {
    record.append("Content-Length: ")
        .append(length.empty() ? std::to_string(block.size()) : std::string(length))
        .append("\r\n");
  }
  return record.append("\r\n").append(block).append("\r\n\r\n");
}

std::string http_response(std::string_view fields, std::string_view body) {
  return std::string("HTTP/1.1 200 OK\r\n").append(fields).append("\r\n").append(body);
}

std::string small_archive(bool zipped) {
  std::string archive;
  const std::string page = http_response("Content-Type: text/html\r\n", "<html><p>The quick brown fox.</html>");
  for (const std::string& record : {warc_record("response", page), warc_record("request", "GET / HTTP/1.1\r\n\r\n"),
                                    warc_record("response", page + page, "http://example.com/2")}) {
    archive += zipped ? gzip(record) : record;
  }
  return archive;
}

ReadArchive read_archive(const std::string& bytes, size_t read_max, const WarcLimits& limits,
                         const DecodeLimits& decode_limits, const std::string& name) {
  ReadArchive archive;
  WarcReader reader(make_decoded_input(make_memory_source(bytes, name, read_max), decode_limits), limits);
  WarcRecord record;
  while (reader.next(record)) {
    archive.records.push_back({record.offset, record.offset_in_member, std::string(record.type),
                               std::string(record.url), std::string(record.block),
                               record.damage == nullptr ? "" : record.damage});
  }
  for (const Damage& damage : reader.take_damage()) archive.damage.emplace_back(damage.code);
  EXPECT_EQ(reader.input().bytes_read(), bytes.size());
  return archive;
}

ReadItems read_items(const std::string& bytes, SourceOptions options, const std::string& name) {
  ReadItems all;
  const std::unique_ptr<Source> source = make_source(make_memory_source(bytes, name), options);
  while (true) {
    Item item;
    if (!source->next(item)) break;
    EXPECT_EQ(item.sequence, all.items.size());
    all.items.push_back(std::move(item));
  }
  for (const Damage& damage : source->take_damage()) all.damage.emplace_back(damage.code);
  return all;
}

std::vector<std::string> reasons(const ReadItems& read) {
  std::vector<std::string> all;
  for (const Item& item : read.items) all.emplace_back(item.verdict.reason);
  return all;
}

}  // namespace ftok::testing
