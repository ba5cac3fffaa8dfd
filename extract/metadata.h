// Metadata: what a page says of itself in <title>, <meta> (plain, OpenGraph, Dublin Core), <link rel=canonical> and
// JSON-LD (schema.org). OpenGraph wins over JSON-LD over plain tags, first found first.
#pragma once

#include <string>

namespace ftok::html {

struct Metadata {
  std::string title, author, published, site, html_language, description;
  std::string canonical_url;   // of http or https, with a host
  std::string heading;         // the first <h1>, unless it is a link to the site's first page
  std::string document_title;  // <title>, which often names the site too
  std::string json_ld_text;    // articleBody, or a posting's text, for pages whose text is in scripts alone
  std::string json_ld_type;    // the page's schema.org type: "NewsArticle"
  std::string og_type;         // its OpenGraph type: "article", "website", "product"
  std::string license;         // "CC-BY-SA-4.0", or the address or words that name it (content/license.h)
  std::string license_source;  // where that stood: "rel", "meta", "json_ld", "footer"; "" without a licence
};

}  // namespace ftok::html
