// The tokenizer and entity cases of html5lib, each from the initial states it names.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/file.h"
#include "extract/html/html_tokenizer.h"
#include "tests/support/test_data.h"
#include "text/unicode.h"

namespace ftok {
namespace {

namespace dom = simdjson::dom;
using html::TextState;
using html::Token;
using html::TokenKind;

// Text with "\uXXXX" written out, as cases with doubleEscaped have it. False where a half of a surrogate pair stands
// alone: that is not a character, and UTF-8 cannot hold it.
bool unescape(std::string_view text, std::string& out) {
  out.clear();
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at, 2) != "\\u" || text.size() - at < 6) {
      out += text[at++];
      continue;
    }
    char32_t c = static_cast<char32_t>(std::stoul(std::string(text.substr(at + 2, 4)), nullptr, 16));
    at += 6;
    if (c >= 0xD800 && c < 0xDC00 && text.substr(at, 2) == "\\u") {
      const char32_t low = static_cast<char32_t>(std::stoul(std::string(text.substr(at + 2, 4)), nullptr, 16));
      if (low < 0xDC00 || low > 0xDFFF) return false;
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += 6;
    }
    if (c >= 0xD800 && c <= 0xDFFF) return false;
    append_utf8(out, c);
  }
  return true;
}

// What a case expects, and what the tokenizer gave, as lines of the same form.
class Listing {
 public:
  void text(std::string_view text) {
    if (text.empty()) return;
    if (!in_text_) lines_ += "text ";
    in_text_ = true;
    lines_ += text;
  }
  void line(const std::string& line) {
    if (in_text_) lines_ += '\n';
    in_text_ = false;
    lines_ += line + '\n';
  }
  std::string take() {
    if (in_text_) lines_ += '\n';
    return std::move(lines_);
  }

 private:
  std::string lines_;
  bool in_text_ = false;
};

std::string tag_line(const char* kind, std::string_view name, const std::map<std::string, std::string>& attributes,
                     bool self_closing) {
  std::string line = kind + std::string(name);
  for (const auto& [key, value] : attributes) line += " [" + key + "]=[" + value + "]";
  return self_closing ? line + " /" : line;
}

std::string doctype_line(const std::string* name, const std::string* public_id, const std::string* system_id,
                         bool correct) {
  std::string line = "doctype";
  for (const std::string* part : {name, public_id, system_id}) line += part == nullptr ? " null" : " [" + *part + "]";
  return line + (correct ? " correct" : " quirks");
}

// False when the case holds half a surrogate pair.
bool expected_of(dom::array output, bool escaped, std::string& listing) {
  Listing out;
  bool whole = true;
  const auto string = [&](dom::element value) {
    const std::string_view raw = value.get_string();
    std::string text(raw);
    if (escaped) whole = whole && unescape(raw, text);
    return text;
  };
  for (const dom::element token : output) {
    const dom::array parts = token.get_array();
    const std::string_view kind = parts.at(0).get_string();
    if (kind == "Character") {
      out.text(string(parts.at(1)));
    } else if (kind == "Comment") {
      out.line("comment [" + string(parts.at(1)) + "]");
    } else if (kind == "EndTag") {
      out.line(tag_line("end ", string(parts.at(1)), {}, false));
    } else if (kind == "StartTag") {
      std::map<std::string, std::string> attributes;
      for (const auto field : dom::object(parts.at(2).get_object()))
        attributes[std::string(field.key)] = string(field.value);
      out.line(tag_line("start ", string(parts.at(1)), attributes, parts.size() > 3));
    } else {
      std::string values[3];
      const std::string* given[3] = {nullptr, nullptr, nullptr};
      for (size_t i = 0; i < 3; ++i) {
        const dom::element value = parts.at(i + 1);
        if (value.is_null()) continue;
        values[i] = string(value);
        given[i] = &values[i];
      }
      out.line(doctype_line(given[0], given[1], given[2], parts.at(4).get_bool()));
    }
  }
  listing = out.take();
  return whole;
}

std::string tokens_of(const std::string& input, std::string_view state, const std::string& last_start_tag) {
  html::Dom tree;
  std::string page = input;
  if (state == "CDATA section state") page = "<![CDATA[" + input;  // what leads into that state
  html::Tokenizer tokenizer(html::normalize_newlines(page, tree.arena()), {}, tree);
  tokenizer.set_cdata_allowed(state == "CDATA section state");
  if (state == "RCDATA state") tokenizer.set_state(TextState::kRcdata, last_start_tag);
  if (state == "RAWTEXT state") tokenizer.set_state(TextState::kRawText, last_start_tag);
  if (state == "Script data state") tokenizer.set_state(TextState::kScript, last_start_tag);
  if (state == "PLAINTEXT state") tokenizer.set_state(TextState::kPlaintext, last_start_tag);
  Listing out;
  for (Token token;;) {
    token = Token();
    tokenizer.next(token);
    switch (token.kind) {
      case TokenKind::kText: out.text(token.text); break;
      case TokenKind::kComment: out.line("comment [" + std::string(token.text) + "]"); break;
      case TokenKind::kEnd: out.line(tag_line("end ", token.name, {}, false)); break;
      case TokenKind::kStart: {
        std::map<std::string, std::string> attributes;
        for (uint32_t i = 0; i < token.attribute_count; ++i) {
          const html::Attribute& attribute = tree.attribute(token.attribute_begin + i);
          attributes[std::string(attribute.name())] = attribute.value();
        }
        out.line(tag_line("start ", token.name, attributes, token.self_closing));
        break;
      }
      case TokenKind::kDoctype: {
        const std::string name(token.name), public_id(token.public_id), system_id(token.system_id);
        out.line(doctype_line(name.empty() ? nullptr : &name, token.has_public ? &public_id : nullptr,
                              token.has_system ? &system_id : nullptr, !token.force_quirks));
        break;
      }
      case TokenKind::kEof: return out.take();
    }
  }
}

TEST(Html5lib, Tokenizer) {
  FTOK_NEEDS_TEST_DATA("html5lib/html5lib-tests.tar.zst");
  testing::TemporaryFolder folder;
  const std::string archive = (testing::test_data_folder() / "html5lib/html5lib-tests.tar.zst").string();
  ASSERT_EQ(std::system(("zstd -qdc --long=27 '" + archive + "' | tar x -C '" + folder.path().string() + "'").c_str()),
            0);
  size_t passed = 0, failed = 0, no_utf8 = 0, for_xml = 0;
  std::string failures;
  dom::parser parser;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "html5lib-tests/tokenizer")) {
    if (entry.path().extension() != ".test") continue;
    dom::element file = parser.load(entry.path().string());
    dom::array cases;
    if (file["tests"].get(cases) != simdjson::SUCCESS) {
      for_xml +=
          dom::array(file["xmlViolationTests"].get_array()).size();  // of trees made fit for XML, which ours are not
      continue;
    }
    for (const dom::element test : cases) {
      bool escaped = false;
      std::string_view last_start_tag;
      if (test["doubleEscaped"].get(escaped) != simdjson::SUCCESS) escaped = false;
      if (test["lastStartTag"].get(last_start_tag) != simdjson::SUCCESS) last_start_tag = {};
      std::string input(test["input"].get_string().value()), expected;
      bool whole = !escaped || unescape(test["input"].get_string(), input);
      whole = expected_of(test["output"].get_array(), escaped, expected) && whole;
      std::vector<std::string> states;
      dom::array named;
      if (test["initialStates"].get(named) == simdjson::SUCCESS) {
        for (const dom::element state : named) states.emplace_back(std::string_view(state.get_string()));
      } else {
        states.emplace_back("Data state");
      }
      for (const std::string& state : states) {
        if (!whole) {
          ++no_utf8;
          continue;
        }
        const std::string got = tokens_of(input, state, std::string(last_start_tag));
        if (got == expected) {
          ++passed;
          continue;
        }
        ++failed;
        failures += entry.path().filename().string() + " " + std::string(test["description"].get_string().value()) +
                    " (" + state + ")\n" + input + "\n-- expected\n" + expected + "-- got\n" + got + "\n";
      }
    }
  }
  std::printf(
      "html5lib tokenizer: %zu runs passed, %zu failed; left out: %zu with half a surrogate pair, %zu for XML\n",
      passed, failed, no_utf8, for_xml);
  EXPECT_EQ(failed, 0u) << failures.substr(0, 8000);
  EXPECT_GT(passed, 6900u);
}

}  // namespace
}  // namespace ftok
