// Encoding speed of ftok alone: one thread, a document a call, ids into a buffer that is used again. CPU time of the
// thread, so that other work on the machine counts little. tools/bench/encoders runs it beside the public encoders.
//   ftok_encode_bench VOCABULARY FILE.jsonl [--json] [--ids OUT]   passes over the texts of a file; --ids writes, for
//   each
//                                                                  text, the number of its ids and the ids, 32 bits
//                                                                  each
//   ftok_encode_bench VOCABULARY FILE.jsonl --first                the first pass alone (for a profile)
//   ftok_encode_bench VOCABULARY --hostile MB                      one text of each hostile class
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "tokenizer/encode/bpe_encode.h"
#include "tokenizer/encoding.h"
#include "tools/bench/cpu_time.h"

namespace {

// Of this process, in MB: what is in memory now (field 1 of statm).
double resident_mb() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0, resident = 0;
  if (file == nullptr || std::fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

std::vector<std::string> read_texts(const char* path) {
  std::vector<std::string> texts;
  simdjson::dom::parser parser;
  simdjson::dom::document_stream documents = parser.load_many(path, size_t{1} << 27);
  for (const auto document : documents) texts.emplace_back(document["text"].get_string().value());
  return texts;
}

struct Figures {
  double load_ms = 0, load_mb = 0, first_mb = 0, second_mb = 0, first = 0, second = 0, cut = 0, count = 0, decode = 0,
         cache_mb = 0;
  size_t tokens = 0, bytes = 0, texts = 0;
};

size_t pass(ftok::EncodeState& state, const std::vector<std::string>& texts, uint32_t* out) {
  size_t tokens = 0;
  for (const std::string& text : texts) tokens += state.encode(text, out);
  return tokens;
}

// The first pass, a megabyte at a time as far as the first two go.
double first_pass(ftok::EncodeState& state, const std::vector<std::string>& texts, uint32_t* out, Figures& figures) {
  const double start = ftok::thread_cpu_seconds();
  double last = start;
  size_t done = 0, megabytes = 0, bytes = 0;
  for (const std::string& text : texts) {
    for (size_t begin = 0; begin < text.size();) {  // long texts in parts, so that there is a first megabyte
      const size_t left = megabytes < 2 ? 1000000 - done : SIZE_MAX;
      size_t size = std::min(left, text.size() - begin);
      while (begin + size < text.size() && (text[begin + size] & 0xC0) == 0x80) ++size;
      state.encode(std::string_view(text).substr(begin, size), out);
      begin += size;
      done += size;
      bytes += size;
      if (megabytes < 2 && done >= 1000000) {
        const double time = ftok::thread_cpu_seconds();
        (megabytes == 0 ? figures.first_mb : figures.second_mb) = static_cast<double>(done) / 1e6 / (time - last);
        last = time;
        done = 0;
        ++megabytes;
      }
    }
  }
  return ftok::thread_cpu_seconds() - start;
}

double cutting_time(const ftok::EncodingTables& tables, const std::vector<std::string>& texts) {
  const double start = ftok::thread_cpu_seconds();
  std::vector<uint32_t> cuts(2048);
  for (const std::string& text : texts) {
    const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
    for (const unsigned char* end = begin + text.size(); begin < end;) {
      begin += cuts[ftok::find_cuts(ftok::vector_level(), tables.scanner, begin, end, cuts.data(), cuts.size()) - 1];
    }
  }
  return ftok::thread_cpu_seconds() - start;
}

Figures measure(const char* vocabulary, const std::vector<std::string>& texts, const char* ids_path, bool only_first) {
  Figures figures;
  size_t largest = 0;
  for (const std::string& text : texts) {
    figures.bytes += text.size();
    largest = std::max(largest, text.size());
  }
  figures.texts = texts.size();
  const double mb = static_cast<double>(figures.bytes) / 1e6;
  std::vector<uint32_t> out(largest + ftok::EncodeState::kSlack);
  const double before = resident_mb(), load_start = ftok::thread_cpu_seconds();
  const ftok::Encoding encoding = ftok::Encoding::load(vocabulary);
  figures.load_ms = (ftok::thread_cpu_seconds() - load_start) * 1e3;
  figures.load_mb = resident_mb() - before;
  ftok::EncodeState state(encoding.tables());
  figures.first = mb / first_pass(state, texts, out.data(), figures);
  if (only_first) return figures;
  double start = ftok::thread_cpu_seconds();
  figures.tokens = pass(state, texts, out.data());
  figures.second = mb / (ftok::thread_cpu_seconds() - start);
  figures.cache_mb = static_cast<double>(state.cache_bytes()) / 1e6;
  figures.cut = mb / cutting_time(encoding.tables(), texts);
  start = ftok::thread_cpu_seconds();
  size_t counted = 0;
  for (const std::string& text : texts) counted += state.count(text);
  figures.count = mb / (ftok::thread_cpu_seconds() - start);
  if (counted != figures.tokens) throw ftok::Error("count differs from encode");
  std::string file;
  double decoding = 0;
  for (const std::string& text : texts) {
    const auto n = static_cast<uint32_t>(state.encode(text, out.data()));
    start = ftok::thread_cpu_seconds();
    const std::string decoded = encoding.decode({out.data(), n});
    decoding += ftok::thread_cpu_seconds() - start;
    if (decoded != text) throw ftok::Error("decode does not give the text");
    if (ids_path != nullptr) {
      file.append(reinterpret_cast<const char*>(&n), sizeof n);
      file.append(reinterpret_cast<const char*>(out.data()), n * sizeof(uint32_t));
    }
  }
  figures.decode = mb / decoding;
  if (ids_path != nullptr) ftok::write_file(ids_path, file);
  return figures;
}

void measure_hostile(const char* vocabulary, size_t bytes) {
  const ftok::Encoding encoding = ftok::Encoding::load(vocabulary);
  std::mt19937_64 random(7);
  const auto repeat = [&](const std::string& unit) {
    std::string text;
    while (text.size() < bytes) text += unit;
    return text;
  };
  const auto pick = [&](const std::string& alphabet) {
    std::string text;
    while (text.size() < bytes) text.push_back(alphabet[random() % alphabet.size()]);
    return text;
  };
  const std::string lower = "abcdefghijklmnopqrstuvwxyz", upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string all, cjk;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  while (cjk.size() < bytes) {
    const auto c = static_cast<unsigned>(0x4E00 + random() % 0x5000);
    cjk += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
            static_cast<char>(0x80 | (c & 63))};
  }
  const std::vector<std::pair<std::string, std::string>> cases = {{"a", repeat("a")},
                                                                  {"A", repeat("A")},
                                                                  {"^", repeat("^")},
                                                                  {"space", repeat(" ")},
                                                                  {"newline", repeat("\n")},
                                                                  {"space newline", repeat(" \n\t")},
                                                                  {"digit", repeat("1")},
                                                                  {"NUL", repeat(std::string(1, '\0'))},
                                                                  {"one CJK", repeat("中")},
                                                                  {"combining", repeat("\xCC\x81")},
                                                                  {"emoji", repeat("\xF0\x9F\x98\x80")},
                                                                  {"aA", repeat("aA")},
                                                                  {"ab", repeat("ab")},
                                                                  {"the", repeat("the")},
                                                                  {"letters", pick(lower)},
                                                                  {"ab random", pick("ab")},
                                                                  {"acgt", pick("ACGT")},
                                                                  {"base64", pick(lower + upper + "0123456789+/")},
                                                                  {"punctuation", pick("!@#$%^&*()-=[]{};:,./?")},
                                                                  {"bytes", pick(all)},
                                                                  {"random CJK", cjk}};
  for (const auto& [name, text] : cases) {
    std::vector<uint32_t> ids;
    ids.reserve(text.size());
    const double before = resident_mb(), start = ftok::thread_cpu_seconds();
    encoding.encode_ordinary(text, ids);
    const double seconds = ftok::thread_cpu_seconds() - start;
    fmt::print("{:<14} {:>9.1f} ms {:>7.0f} MB/s {:>10} ids, memory +{:.0f} MB\n", name, seconds * 1e3,
               static_cast<double>(text.size()) / 1e6 / seconds, ids.size(), resident_mb() - before);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (argc < 3) return 2;
  if (arguments[2] == "--hostile") {
    measure_hostile(argv[1], argc > 3 ? static_cast<size_t>(std::stod(arguments[3]) * 1e6) : 1000000);
    return 0;
  }
  const auto given = std::find(arguments.begin(), arguments.end(), "--ids");
  const char* ids_path = given != arguments.end() && given + 1 != arguments.end() ? (given + 1)->c_str() : nullptr;
  const auto has = [&](const char* flag) {
    return std::find(arguments.begin(), arguments.end(), flag) != arguments.end();
  };
  const Figures f = measure(argv[1], read_texts(argv[2]), ids_path, has("--first"));
  if (has("--json")) {
    fmt::print(
        "{{\"load_ms\":{:.1f},\"load_mb\":{:.1f},\"first_mb\":{:.1f},\"second_mb\":{:.1f},\"first\":{:.1f},\"second\":{"
        ":.1f},"
        "\"cut\":{:.1f},\"count\":{:.1f},\"decode\":{:.1f},\"cache_mb\":{:.1f},\"tokens\":{}}}\n",
        f.load_ms, f.load_mb, f.first_mb, f.second_mb, f.first, f.second, f.cut, f.count, f.decode, f.cache_mb,
        f.tokens);
  } else {
    fmt::print(
        "load {:.1f} ms {:.0f} MB; first MB {:.0f}, second MB {:.0f}, first pass {:.0f}, second {:.0f} MB/s; cuts "
        "alone {:.0f}, "
        "count {:.0f}, decode {:.0f} MB/s; cache {:.1f} MB; {} tokens\n",
        f.load_ms, f.load_mb, f.first_mb, f.second_mb, f.first, f.second, f.cut, f.count, f.decode, f.cache_mb,
        f.tokens);
  }
}
