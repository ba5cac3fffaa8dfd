// Licences that pages say they are under.
#pragma once

#include <string>
#include <string_view>

#include "extract/html/dom.h"

namespace ftok::html {

// The licence that an address leads to, as SPDX calls it where it has a name for it: "CC-BY-SA-4.0" for
// "https://creativecommons.org/licenses/by-sa/4.0/deed.de". Creative Commons (with "-DE" for a port to German law),
// CC0 and the Public Domain Mark, the GNU licences, Apache's, Open Data Commons', the Open Government Licence, and what
// opensource.org and spdx.org list. Empty for all others.
std::string license_of_address(std::string_view address);

// The licence of Creative Commons that a few words name: "CC BY-SA 4.0", "Creative Commons Attribution 4.0
// International". Empty for all others, and for a text of more than 200 bytes.
std::string license_of_words(std::string_view text);

// Gathers what a page says, in the order of the sources: what is found first there stays.
class LicenseReader {
 public:
  // An <a> or a <link>.
  void read_link(const Dom& dom, NodeId id);
  // A <meta> of this name, in lower case.
  void read_meta(std::string_view name, std::string_view content);
  // What JSON-LD gives as `license`: an address or words; "" for nothing.
  void finish(std::string_view json_ld);

  // What finish() decided: the licence's name, else the address or the words as the page has them, at most 2,000
  // bytes; and where it stood: "rel" (a link of that rel), "meta", "json_ld", "footer" (a link in the page's footer to
  // a licence that license_of_address knows). Both empty for a page that says nothing.
  const std::string& license() const { return license_; }
  const std::string& source() const { return source_; }

 private:
  std::string license_, source_;
  std::string rel_, meta_, footer_;
};

}  // namespace ftok::html
