// Encoding speed of ftok alone: one thread, a document a call, ids into a buffer that is used again. Prints MB/s of the first
// and of the second pass over each file, and of the stages. Peers: bpe_encode.py of the shared peers' scripts.
//   encode_bench VOCABULARY FILE.jsonl...
#include <fmt/format.h>
#include <simdjson.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tokenizer/bpe_encode.h"
#include "tokenizer/encoding.h"

namespace {

// CPU time of the thread: other work on the machine does not count.
struct Clock {
  static double now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
};

double seconds_since(double start) { return Clock::now() - start; }

std::vector<std::string> read_texts(const char* path) {
  std::vector<std::string> texts;
  simdjson::dom::parser parser;
  simdjson::dom::document_stream documents = parser.load_many(path, size_t{1} << 27);
  for (const auto document : documents) texts.emplace_back(document["text"].get_string().value());
  return texts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  for (int file = 2; file < argc; ++file) {
    const std::vector<std::string> texts = read_texts(argv[file]);
    size_t bytes = 0, largest = 0;
    for (const std::string& text : texts) {
      bytes += text.size();
      largest = std::max(largest, text.size());
    }
    std::vector<uint32_t> out(largest + ftok::EncodeState::kSlack);
    const auto load_start = Clock::now();
    const ftok::Encoding encoding = ftok::Encoding::load(argv[1]);
    const double load = seconds_since(load_start);
    ftok::EncodeState state(encoding.tables());
    double passes[3];
    size_t tokens = 0;
    double first_mb = 0;
    size_t done = 0;
    for (double& pass : passes) {
      tokens = 0;
      const auto start = Clock::now();
      for (const std::string& text : texts) {
        tokens += state.encode(text, out.data());
        done += text.size();
        if (first_mb == 0 && done >= 1000000) first_mb = static_cast<double>(done) / 1e6 / seconds_since(start);
      }
      pass = seconds_since(start);
    }
    const auto cut_start = Clock::now();
    std::vector<uint32_t> cuts(2048);
    size_t pretokens = 0;
    for (const std::string& text : texts) {
      const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
      for (const unsigned char* end = begin + text.size(); begin < end;) {
        const size_t n = ftok::find_cuts(ftok::vector_level(), encoding.tables().scanner, begin, end, cuts.data(), cuts.size());
        pretokens += n;
        begin += cuts[n - 1];
      }
    }
    const double cutting = seconds_since(cut_start);
    const double mb = static_cast<double>(bytes) / 1e6;
    fmt::print("{} {}: load {:.1f} ms, first MB {:.0f}, first pass {:.0f}, second {:.0f}, third {:.0f} MB/s; cuts alone {:.0f} "
               "MB/s; {} tokens, {} pretokens\n",
               encoding.name(), argv[file], load * 1e3, first_mb, mb / passes[0], mb / passes[1], mb / passes[2], mb / cutting,
               tokens, pretokens);
  }
}
