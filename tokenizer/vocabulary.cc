#include "tokenizer/vocabulary.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>

#include "core/base64.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text_file.h"
#include "text/unicode.h"
#include "tokenizer/pretokens/own_pattern.h"
#include "tokenizer/vocabularies/vocabulary_checks.h"

namespace ftok {

const SpecialToken* Vocabulary::find_special(std::string_view text) const {
  for (const SpecialToken& special : specials) {
    if (special.text == text) return &special;
  }
  return nullptr;
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
    throw Error("cannot compute a SHA-256: the crypto library failed");
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

std::string sidecar_path(const std::string& path) {
  std::filesystem::path sidecar(path);
  sidecar.replace_extension(".json");
  return sidecar.string();
}

namespace {

// What the sidecar says.
struct Sidecar {
  std::string name;
  Pattern pattern;
  std::shared_ptr<const OwnPattern> own_pattern;
  std::vector<SpecialToken> specials;
  std::string digest;
};

Sidecar parse_sidecar(const std::string& content, const std::string& path) {
  const auto fail = [&](std::string_view why) -> Error { return Error(fmt::format("{}: {}", path, why)); };
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string padded(content);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) throw fail("not JSON");
  Sidecar sidecar;
  std::string_view text;
  if (root["name"].get(text) == simdjson::SUCCESS) sidecar.name = text;
  if (root["sha256"].get(text) != simdjson::SUCCESS) throw fail("no key \"sha256\" with the digest of the ranks");
  sidecar.digest = text;
  if (root["pattern"].get(text) != simdjson::SUCCESS) throw fail("no key \"pattern\"");
  const bool is_own = text == pattern_name(Pattern::kOwn);
  const std::optional<Pattern> pattern = is_own ? Pattern::kOwn : pattern_of_name(text);
  if (!pattern)
    throw fail(fmt::format("unknown pattern \"{}\", expected one of: {}", text, fmt::join(pattern_names(), ", ")));
  sidecar.pattern = *pattern;
  if (is_own) {
    if (root["pattern_text"].get(text) != simdjson::SUCCESS)
      throw fail("no \"pattern_text\" for a pattern without a name");
    try {
      sidecar.own_pattern = std::make_shared<const OwnPattern>(std::string(text));
    } catch (const UsageError& error) {
      throw fail(error.what());
    }
  } else if (root["pattern_text"].get(text) == simdjson::SUCCESS && pattern_of_text(text) != pattern) {
    throw fail("\"pattern_text\" is not the text of the pattern it names");
  }
  simdjson::dom::object specials;
  if (root["special_tokens"].get(specials) != simdjson::SUCCESS) throw fail("no object \"special_tokens\"");
  for (const auto field : specials) {
    uint64_t id = 0;
    if (field.value.get(id) != simdjson::SUCCESS || id >= kVocabularyTokensMax) {
      throw fail(
          fmt::format("the id of special token \"{}\" is not a number below {}", field.key, kVocabularyTokensMax));
    }
    sidecar.specials.push_back({std::string(field.key), static_cast<uint32_t>(id)});
  }
  simdjson::dom::array others;
  if (root["added_tokens"].get(others) != simdjson::SUCCESS) return sidecar;
  for (const simdjson::dom::element token : others) {
    uint64_t id = 0;
    SpecialToken added;
    if (token["content"].get(text) != simdjson::SUCCESS || token["id"].get(id) != simdjson::SUCCESS ||
        id >= kVocabularyTokensMax || token["special"].get(added.special) != simdjson::SUCCESS ||
        token["normalized"].get(added.normalized) != simdjson::SUCCESS) {
      throw fail("an added token without content, id, special or normalized");
    }
    added.text = text;
    added.id = static_cast<uint32_t>(id);
    sidecar.specials.push_back(std::move(added));
  }
  return sidecar;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// Reads the lines of a `.tiktoken` file into `bytes` and (rank, begin, end) triples.
class RankReader {
 public:
  RankReader(std::string_view content, const std::string& path) : content_(content), path_(path) {
    for (int c = 0; c < 256; ++c) value_[c] = static_cast<int8_t>(base64_value(static_cast<char>(c)));
  }

  void read(Vocabulary& vocabulary);

 private:
  struct Token {
    uint32_t rank, begin, end;
  };

  [[noreturn]] void fail(size_t offset, std::string_view why) const {
    throw Error(fmt::format("{}: offset {}: {}", path_, offset, why));
  }
  size_t read_line(size_t offset);
  size_t read_base64(size_t offset);
  size_t read_rank(size_t offset, uint32_t& rank);

  std::string_view content_;
  const std::string& path_;
  std::string bytes_;
  std::vector<Token> tokens_;
  int8_t value_[256];
  bool canonical_ = true;
};

size_t RankReader::read_base64(size_t offset) {
  const size_t begin = offset;
  uint32_t group = 0;
  int bits = 0;
  while (offset < content_.size()) {
    const int v = value_[static_cast<unsigned char>(content_[offset])];
    if (v < 0) break;
    group = group << 6 | static_cast<uint32_t>(v);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes_.push_back(static_cast<char>(group >> bits & 0xFF));
    }
    ++offset;
  }
  const size_t letters = offset - begin;
  size_t padding = 0;
  while (offset < content_.size() && content_[offset] == '=' && padding < 2) {
    ++offset;
    ++padding;
  }
  if (letters == 0 || letters % 4 == 1 || (letters + padding) % 4 != 0 || (group & ((1u << bits) - 1)) != 0) {
    fail(begin, "not base64");
  }
  return offset;
}

size_t RankReader::read_rank(size_t offset, uint32_t& rank) {
  const size_t begin = offset;
  uint64_t value = 0;
  while (offset < content_.size() && content_[offset] >= '0' && content_[offset] <= '9' && offset - begin < 10) {
    value = value * 10 + static_cast<uint64_t>(content_[offset++] - '0');
  }
  if (offset == begin) fail(begin, "no rank after the token");
  if (value >= kVocabularyTokensMax) fail(begin, fmt::format("rank {} is not below {}", value, kVocabularyTokensMax));
  if (content_[begin] == '0' && offset - begin > 1) canonical_ = false;
  rank = static_cast<uint32_t>(value);
  return offset;
}

size_t RankReader::read_line(size_t offset) {
  Token token{0, static_cast<uint32_t>(bytes_.size()), 0};
  const size_t line = offset;
  offset = read_base64(offset);
  if (offset >= content_.size() || content_[offset] != ' ')
    fail(offset, "expected a space and the rank after the token");
  offset = read_rank(offset + 1, token.rank);
  token.end = static_cast<uint32_t>(bytes_.size());
  if (token.end - token.begin > kTokenBytesMax)
    fail(line, fmt::format("a token of more than {} bytes", kTokenBytesMax));
  if (!tokens_.empty() && token.rank <= tokens_.back().rank) canonical_ = false;
  tokens_.push_back(token);
  if (offset == content_.size()) {
    canonical_ = false;
    return offset;
  }
  if (content_[offset] == '\r') {
    canonical_ = false;
    ++offset;
  }
  if (offset >= content_.size() || content_[offset] != '\n')
    fail(offset, "expected the end of the line after the rank");
  return offset + 1;
}

void RankReader::read(Vocabulary& vocabulary) {
  bytes_.reserve(content_.size() / 2);
  tokens_.reserve(content_.size() / 16);
  for (size_t offset = 0; offset < content_.size();) {
    if (content_[offset] == '\n') {  // an empty line
      canonical_ = false;
      ++offset;
      continue;
    }
    offset = read_line(offset);
  }
  if (tokens_.empty()) fail(0, "no tokens");
  const auto by_rank = [](const Token& a, const Token& b) { return a.rank < b.rank; };
  if (!std::is_sorted(tokens_.begin(), tokens_.end(), by_rank))
    std::stable_sort(tokens_.begin(), tokens_.end(), by_rank);
  vocabulary.bytes.reserve(bytes_.size());
  vocabulary.offsets.assign(1, 0);
  vocabulary.offsets.reserve(tokens_.back().rank + 2);
  for (const Token& token : tokens_) {
    if (token.rank + 1 < vocabulary.offsets.size())
      fail(content_.size(), fmt::format("rank {} appears twice", token.rank));
    while (vocabulary.offsets.size() <= token.rank)
      vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
    vocabulary.bytes.append(bytes_, token.begin, token.end - token.begin);
    vocabulary.offsets.push_back(static_cast<uint32_t>(vocabulary.bytes.size()));
  }
  vocabulary.digest = sha256_hex(canonical_ ? std::string(content_) : format_tiktoken(vocabulary));
}

// A file of several sidecars: {"one_of": [...]}. It stands for a moment while a vocabulary is replaced by another one,
// so that at any moment one of them is that of the ranks; SHA-256 tells which. What is in `old` that cannot be read is
// left out.
std::string join_sidecars(const std::string& old, const std::string& added) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array several;
  JsonWriter json(true);
  json.begin_object().key("one_of").begin_array();
  if (parser.parse(old).get(root) == simdjson::SUCCESS) {
    if (root["one_of"].get(several) == simdjson::SUCCESS) {
      for (const simdjson::dom::element one : several) json.raw(simdjson::minify(one));
    } else {
      json.raw(simdjson::minify(root));
    }
  }
  return json.raw(added.substr(0, added.find_last_not_of('\n') + 1)).end_array().end_object().take() + "\n";
}

// Of a file of several sidecars the one with this digest, nothing where none has it; any other file as it is.
std::optional<std::string> sidecar_of(const std::string& content, const std::string& digest) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array several;
  if (parser.parse(content).get(root) != simdjson::SUCCESS || root["one_of"].get(several) != simdjson::SUCCESS) {
    return content;
  }
  std::optional<std::string> found;
  for (const simdjson::dom::element one : several) {
    std::string_view of;
    if (one["sha256"].get(of) == simdjson::SUCCESS && of == digest) found = simdjson::minify(one);
  }
  return found;
}

// Pattern and special tokens from the sidecar, the digest or the caller, in this order.
void identify(Vocabulary& vocabulary, const std::string& path, const std::string* sidecar_content,
              const VocabularyHints& hints) {
  vocabulary.name = std::filesystem::path(path).stem().string();
  const auto& known = known_vocabularies();
  const auto found = std::find_if(known.begin(), known.end(), [&](const KnownVocabulary& k) {
    return k.digest == vocabulary.digest && (hints.name.empty() || hints.name == k.name);
  });
  if (!hints.name.empty() && found == known.end()) {
    throw UsageError(
        fmt::format("{}: its ranks (SHA-256 {}) are not those of {}", path, vocabulary.digest, hints.name));
  }
  const std::optional<std::string> described =
      sidecar_content != nullptr ? sidecar_of(*sidecar_content, vocabulary.digest) : std::nullopt;
  if (described && hints.name.empty()) {
    const Sidecar sidecar = parse_sidecar(*described, sidecar_path(path));
    if (sidecar.digest != vocabulary.digest) {
      throw Error(fmt::format("{}: the SHA-256 of the ranks is {}, its sidecar {} says {}", path, vocabulary.digest,
                              sidecar_path(path), sidecar.digest));
    }
    if (!sidecar.name.empty()) vocabulary.name = sidecar.name;
    vocabulary.pattern = sidecar.pattern;
    vocabulary.own_pattern = sidecar.own_pattern;
    vocabulary.specials = sidecar.specials;
  } else if (found != known.end()) {
    vocabulary.name = found->name;
    vocabulary.pattern = found->pattern;
    vocabulary.specials = found->specials;
  } else if (!hints.pattern) {
    throw UnknownPattern(
        fmt::format("{}: its pattern is unknown: there is no sidecar {}, and the SHA-256 of its ranks is not that of a "
                    "published vocabulary",
                    path, sidecar_path(path)));
  }
  if (hints.pattern) {
    vocabulary.pattern = *hints.pattern;
    vocabulary.own_pattern = nullptr;
  }
  for (const SpecialToken& hint : hints.specials) {
    if (vocabulary.find_special(hint.text) == nullptr) vocabulary.specials.push_back(hint);
  }
}

}  // namespace

Vocabulary parse_tiktoken(std::string_view content, const std::string& path, const std::string* sidecar,
                          const VocabularyHints& hints) {
  Vocabulary vocabulary;
  RankReader(content, path).read(vocabulary);
  identify(vocabulary, path, sidecar, hints);
  check_vocabulary(vocabulary, path);
  return vocabulary;
}

std::string format_tiktoken(const Vocabulary& vocabulary) {
  std::string out;
  out.reserve(vocabulary.bytes.size() * 2 + vocabulary.token_count() * 8);
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    if (vocabulary.token(id).empty()) continue;
    out += base64(vocabulary.token(id));
    fmt::format_to(std::back_inserter(out), " {}\n", id);
  }
  return out;
}

std::string format_sidecar(const Vocabulary& vocabulary) {
  JsonWriter json(true);
  json.begin_object()
      .field("name", vocabulary.name)
      .field("pattern", pattern_name(vocabulary.pattern))
      .field("pattern_text",
             vocabulary.own_pattern != nullptr ? vocabulary.own_pattern->text() : pattern_text(vocabulary.pattern))
      .field("unicode", std::string_view(kUnicodeVersion))
      .key("special_tokens")
      .begin_object();
  const auto is_simple = [](const SpecialToken& special) { return special.special && !special.normalized; };
  for (const SpecialToken& special : vocabulary.specials) {
    if (is_simple(special)) json.field(special.text, special.id);
  }
  json.end_object();
  if (!std::all_of(vocabulary.specials.begin(), vocabulary.specials.end(), is_simple)) {
    json.key("added_tokens").begin_array();
    for (const SpecialToken& added : vocabulary.specials) {
      if (is_simple(added)) continue;
      json.begin_object().field("content", added.text).field("id", added.id).field("special", added.special);
      json.field("normalized", added.normalized).end_object();
    }
    json.end_array();
  }
  json.field("sha256", vocabulary.digest).end_object();
  return json.take() + "\n";
}

void write_vocabulary(const Vocabulary& vocabulary, const std::string& path) {
  const std::string sidecar = sidecar_path(path), content = format_sidecar(vocabulary);
  if (sidecar == path || follow_output(path).is_stream) {  // nothing lies beside it
    return write_output(path, format_tiktoken(vocabulary));
  }
  const bool replaces = std::filesystem::is_regular_file(path);
  if (replaces) {
    const bool described = std::filesystem::is_regular_file(sidecar);
    write_output(sidecar, join_sidecars(described ? read_text_file(sidecar, kVocabularyFileBytesMax) : "", content));
  } else {
    write_output(sidecar, content);
  }
  write_output(path, format_tiktoken(vocabulary));
  if (replaces) write_file(sidecar, content);
}

namespace {

// Whether `key`, quotes included, has an object for its value somewhere in the JSON `content`.
bool has_object(std::string_view content, std::string_view key) {
  for (size_t at = content.find(key); at != std::string_view::npos; at = content.find(key, at + 1)) {
    const size_t colon = content.find_first_not_of(" \t\r\n", at + key.size());
    if (colon == std::string_view::npos || content[colon] != ':') continue;
    const size_t value = content.find_first_not_of(" \t\r\n", colon + 1);
    if (value != std::string_view::npos && content[value] == '{') return true;
  }
  return false;
}

// Whether the first line is two single letters, as a first merge is; a line of a `.tiktoken` file has four or more.
bool begins_with_merge(std::string_view content) {
  std::string_view line = content.substr(0, content.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t space = line.find(' ');
  return space != std::string_view::npos && utf8_length(line.substr(0, space)) == 1 &&
         utf8_length(line.substr(space + 1)) == 1;
}

}  // namespace

Vocabulary load_vocabulary(const std::string& path, const VocabularyHints& hints) {
  const std::string content = read_text_file(path, kVocabularyFileBytesMax);
  const std::filesystem::path file(path);
  const size_t first = content.find_first_not_of(" \t\r\n");
  const auto beside = [&](const char* name) { return (file.parent_path() / name).string(); };
  if (first != std::string::npos && content[first] == '{') {
    if (has_object(content, "\"model\"")) return parse_tokenizer_json(content, path);
    if (std::filesystem::exists(beside("vocab.bpe"))) {
      return parse_gpt2(read_text_file(beside("vocab.bpe"), kVocabularyFileBytesMax), beside("vocab.bpe"), content,
                        path);
    }
    throw Error(
        fmt::format("{}: neither a tokenizer.json (no \"model\") nor an encoder.json with vocab.bpe beside it", path));
  }
  if (content.starts_with("#version") || begins_with_merge(content)) {
    const std::string json_path = beside("encoder.json");
    return parse_gpt2(content, path, read_text_file(json_path, kVocabularyFileBytesMax), json_path);
  }
  const std::string sidecar = sidecar_path(path);
  if (sidecar == path || !std::filesystem::exists(sidecar)) return parse_tiktoken(content, path, nullptr, hints);
  const std::string sidecar_content = read_text_file(sidecar, kVocabularyFileBytesMax);
  return parse_tiktoken(content, path, &sidecar_content, hints);
}

}  // namespace ftok
