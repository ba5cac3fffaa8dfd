// Document: the unit of work of every stage, and nothing but typed fields. A Document is owned by one thread at a time
// and is moved, not copied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/reason.h"

namespace ftok {

// What one classifier made of a document, or whether a label holds for it.
struct NamedScore {
  Reason name;            // "classifier_score": the stage's name in the recipe and "_score"
  double value = 0;       // a probability in 0..1; of a label 0 or 1
  bool is_label = false;  // counted by the funnel where it is 1; not stored with the document
};

// What an input or a stage of the user's own says of a document in words.
struct NamedTexts {
  Reason name;                     // the field's name in the recipe
  bool is_list = false;            // else there is one text
  std::vector<std::string> texts;  // UTF-8
};

// A field more is a line more in document_fields.h, which says where it is stored and shown.
struct Document {
  // Where it came from.
  std::string id;         // WARC-Record-ID without the angle brackets, or the input's own id (JSONL)
  std::string url;        // WARC-Target-URI, as it stands in the record
  std::string date;       // WARC-Date, as it stands in the record
  std::string dump;       // "CC-MAIN-2024-22" when the input's path names a crawl, else empty
  std::string file_path;  // the input as the user named it
  uint64_t offset = 0;    // of the record in the input file as stored (compressed bytes for .gz)
  std::string truncated;  // WARC-Truncated ("length", "time", ...), else empty

  // What it is, filled stage by stage. A stage may release what no later stage reads.
  std::string payload;             // WARC block as stored: HTTP head and body. The `http` stage empties it.
  std::string identified_type;     // WARC-Identified-Payload-Type, else empty
  std::string html;                // page in UTF-8. The `extract` stage empties it.
  std::string charset;             // WHATWG name the page was decoded from
  uint64_t replacements = 0;       // U+FFFD put in by decoding
  uint64_t mojibake = 0;           // characters of UTF-8 that had been read as windows-1252, and were made right
  std::string text;                // main text in UTF-8, lines separated by '\n': what stages judge
  std::string markdown;            // where Markdown was asked for: what is written in place of `text` (text_lines.h)
  std::vector<uint32_t> lines;     // what each line of `text` is and where `markdown` has it; empty: prose
  std::string language;            // ISO code of the model's best label, "" before the language stage
  double language_score = 0;       // probability in 0..1
  std::vector<NamedScore> scores;  // what classifiers gave it, in the order in which they ran
  std::vector<NamedTexts> labels;  // the fields of text that the recipe names (named_fields.h)

  // The page's own fields, UTF-8, empty when the page says nothing.
  std::string title, author, published, site, html_language, canonical_url, description;
  std::string license;         // "CC-BY-SA-4.0"; the address or the words that name it, where those are of no known one
  std::string license_source;  // where it was stated: "rel", "meta", "json_ld", "footer"

  std::vector<uint64_t> dedup_keys;  // what it is compared by with other documents, as KeyLayout (dedup/keys.h) says
  std::vector<uint32_t> tokens;      // ids of `text`, no end-of-text
};

}  // namespace ftok
