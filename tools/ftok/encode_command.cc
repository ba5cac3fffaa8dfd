// `ftok encode` and `ftok decode`.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/error.h"
#include "core/json.h"
#include "core/unicode.h"
#include "tokenizer/bpe_encode.h"
#include "tokenizer/inspect.h"
#include "tokenizer/pretokenize.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/text_input.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

struct EncodeFlags {
  VocabularyFlags vocabulary;
  bool ids = false, json = false, count = false, offsets = false, merges = false, view = false;
  std::string specials = "plain", jsonl, text_key = "text";
  std::vector<std::string> words;
};

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw Error("cannot write to standard output");
}

Specials specials_of(const std::string& name) {
  if (name == "allow") return Specials::kAllow;
  return name == "refuse" ? Specials::kRefuse : Specials::kPlain;
}

ViewOptions view_options() {
  ViewOptions options;
  const char* no_color = std::getenv("NO_COLOR");
  options.colours = ::isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.columns = size.ws_col;
  return options;
}

void append_ids(std::string& out, const std::vector<uint32_t>& ids) {
  for (size_t i = 0; i < ids.size(); ++i) fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : " ", ids[i]);
}

// One line: ids, a count, or an object.
std::string line_of(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  if (flags.count) return std::to_string(encoding.encode(text, specials_of(flags.specials)).size()) + "\n";
  std::string out;
  if (!flags.json) {
    append_ids(out, encoding.encode(text, specials_of(flags.specials)));
    return out + "\n";
  }
  const std::vector<TokenSpan> spans = encoding.encode_spans(text, specials_of(flags.specials));
  out = "{\"ids\":[";
  for (size_t i = 0; i < spans.size(); ++i) fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : ",", spans[i].id);
  if (flags.offsets) {
    out += "],\"offsets\":[";
    for (size_t i = 0; i < spans.size(); ++i) {
      fmt::format_to(std::back_inserter(out), "{}[{},{}]", i == 0 ? "" : ",", spans[i].begin, spans[i].end);
    }
  }
  return out + fmt::format("],\"tokens\":{},\"bytes\":{},\"characters\":{}}}\n", spans.size(), text.size(), utf8_length(text));
}

// A line a token: begin and end in bytes and in characters, id, the token.
std::string offset_lines(const Encoding& encoding, const EncodeFlags& flags, std::string_view text) {
  std::string out;
  const std::string shown = encoding.normalized(text);
  size_t character = 0;
  for (const TokenSpan& span : encoding.encode_spans(text, specials_of(flags.specials))) {
    size_t starts = 0;  // characters that begin in the token
    for (size_t i = span.begin; i < span.end; ++i) starts += (static_cast<unsigned char>(shown[i]) & 0xC0) != 0x80;
    out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", span.begin, span.end, character, character + starts, span.id,
                       visible_token(encoding.token_bytes(span.id)));
    character += starts;
  }
  return out;
}

std::string merge_trees(const Encoding& encoding, std::string_view text) {
  std::string out;
  const std::string shown = encoding.normalized(text);
  for (size_t begin = 0; begin < shown.size();) {
    const size_t end = pretoken_end(encoding.tables().scanner, shown, begin);
    out += render_merges(encoding, std::string_view(shown).substr(begin, end - begin), view_options());
    begin = end;
  }
  return out;
}

void run_encode(const EncodeFlags& flags) {
  if (flags.ids + flags.json + flags.count + flags.view > 1) throw UsageError("give one of --ids, --json, --count, --view");
  const Encoding encoding = load_encoding(flags.vocabulary);
  if (!flags.jsonl.empty()) {
    if (!flags.words.empty()) throw UsageError("--jsonl and TEXT exclude each other");
    const std::unique_ptr<ByteSource> source = open_file_source(flags.jsonl);
    for_each_json_text(*source, flags.text_key, [&](std::string_view text) { print(line_of(encoding, flags, text)); });
    return;
  }
  std::string text = fmt::format("{}", fmt::join(flags.words, " "));
  if (flags.words.empty()) text = read_all(*open_file_source("-"));
  if (flags.merges) {
    print(merge_trees(encoding, text));
  } else if (flags.offsets && !flags.json) {
    print(offset_lines(encoding, flags, text));
  } else if (flags.view || (!flags.ids && !flags.json && !flags.count && ::isatty(STDOUT_FILENO) != 0)) {
    print(render_tokens(encoding, encoding.encode(text, specials_of(flags.specials)), view_options()));
  } else {
    print(line_of(encoding, flags, text));
  }
}

struct DecodeFlags {
  VocabularyFlags vocabulary;
  std::vector<uint32_t> ids;
};

void run_decode(const DecodeFlags& flags) {
  const Encoding encoding = load_encoding(flags.vocabulary);
  std::vector<uint32_t> ids = flags.ids;
  if (ids.empty()) {
    const std::string text = read_all(*open_file_source("-"));
    for (size_t i = 0; i < text.size();) {
      if (std::string_view(" \t\r\n,[]").find(text[i]) != std::string_view::npos) {
        ++i;
        continue;
      }
      const size_t end = std::min(text.find_first_not_of("0123456789", i), text.size());
      if (end == i || end - i > 9) throw Error(fmt::format("standard input: byte {}: not an id", i));
      ids.push_back(static_cast<uint32_t>(std::stoul(text.substr(i, end - i))));
      i = end;
    }
  }
  print(encoding.decode(ids));
  if (::isatty(STDOUT_FILENO) != 0) print("\n");
}

}  // namespace

void add_encode_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("encode", "Text to tokens; on a terminal a coloured view of them");
  const auto flags = std::make_shared<EncodeFlags>();
  flags->vocabulary.add_to(*command);
  command->add_flag("--ids", flags->ids, "Ids, separated by spaces");
  command->add_flag("--json", flags->json, "One object: ids, counts, with --offsets also the tokens' places in bytes");
  command->add_flag("--count", flags->count, "Only how many tokens");
  command->add_flag("--offsets", flags->offsets, "A line a token: begin, end (bytes), begin, end (characters), id, token");
  command->add_flag("--merges", flags->merges, "The merges that make each pretoken");
  command->add_flag("--view", flags->view, "The view of the terminal, also into a pipe");
  command->add_option("--specials", flags->specials, "The text of a special token: plain text, the token, or an error")
      ->check(CLI::IsMember({"plain", "allow", "refuse"}))
      ->capture_default_str();
  command->add_option("--jsonl", flags->jsonl, "JSON Lines: a line of output for each document");
  command->add_option("--text-key", flags->text_key, "Key of the text in a line")->capture_default_str();
  command->add_option("TEXT", flags->words, "Text, joined by spaces; standard input without it");
  command->footer(
      "Examples:\n"
      "  ftok encode 'hello world'\n"
      "  ftok encode --vocab cl100k_base.tiktoken --ids < book.txt\n"
      "  ftok encode --jsonl documents.jsonl --count");
  command->callback([flags] { run_encode(*flags); });
}

void add_decode_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("decode", "Token ids to bytes");
  const auto flags = std::make_shared<DecodeFlags>();
  flags->vocabulary.add_to(*command);
  command->add_option("ID", flags->ids, "Ids; standard input without them");
  command->footer("Example:\n  ftok encode --ids 'hello world' | ftok decode");
  command->callback([flags] { run_decode(*flags); });
}

}  // namespace ftok::cli
