// JSON-LD (schema.org) in a page's scripts, read as sites write it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "extract/metadata.h"

namespace ftok::html {

// Text as its page would show it, on one line: markup and character references within it undone, white space folded.
std::string plain_field(std::string_view text);

// The same for running text: with markup its blocks are lines, without it its lines stay.
std::string plain_body(std::string_view text);

// Adds a name to names that are separated by "; ", once.
void append_name(std::string& names, std::string_view name);

// Reads the scripts of a page one after the other; the first value found of each field stays.
class JsonLd {
 public:
  // `found` gets author, published, site, description, json_ld_type and json_ld_text.
  explicit JsonLd(Metadata& found) : found_(found) {}

  void read(std::string_view script);
  // After the last script: names that other objects hold are put in, the longest text becomes json_ld_text.
  void finish();

  const std::string& headline() const { return headline_; }
  const std::string& license() const { return license_; }  // an address or words

 private:
  class Reader;

  Metadata& found_;
  std::string headline_, site_, license_, body_;
  std::vector<std::string> author_references_;              // ids of objects that hold the names
  std::vector<std::pair<std::string, std::string>> names_;  // by id
};

}  // namespace ftok::html
