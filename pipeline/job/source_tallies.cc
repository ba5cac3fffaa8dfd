#include "pipeline/job/source_tallies.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "core/error.h"
#include "core/json.h"
#include "crawl/source.h"

namespace ftok {

void SourceTally::add(const InputReport& report) {
  tally.add(report.tally);
  ++inputs;
  quarantined += report.quarantined.empty() ? 0 : 1;
}

void SourceTally::add(const SourceTally& other) {
  tally.add(other.tally);
  inputs += other.inputs;
  quarantined += other.quarantined;
}

std::string source_of(const std::string& input) {
  std::string crawl = dump_of(input);
  if (!crawl.empty()) return crawl;
  const size_t scheme = input.find("://");
  const size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::string path = scheme == std::string::npos ? input : input.substr(0, input.find_first_of("?#", begin));
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash < begin) return begin > 0 ? path : ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string write_tallies(const std::map<std::string, SourceTally>& tallies) {
  JsonWriter json;
  json.begin_object();
  for (const auto& [source, of_source] : tallies) {
    json.key(source).begin_object().field("inputs", of_source.inputs).field("quarantined", of_source.quarantined);
    of_source.tally.write_fields(json);
    json.end_object();
  }
  json.end_object();
  return json.take();
}

std::map<std::string, SourceTally> read_tallies(const std::string& json) {
  std::map<std::string, SourceTally> tallies;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(json).get(object) != simdjson::SUCCESS) return tallies;
  for (const auto [source, fields] : object) {
    const Result<Tally> tally = parse_tally(simdjson::minify(fields));
    if (!tally) throw Error(fmt::format("a receipt's counters cannot be read: {}", tally.damage().detail));
    SourceTally read{*tally};
    // Receipts of `finish` have neither: their tally is of all sources.
    if (fields["inputs"].get_uint64().get(read.inputs) != simdjson::SUCCESS ||
        fields["quarantined"].get_uint64().get(read.quarantined) != simdjson::SUCCESS) {
      read.inputs = read.quarantined = 0;
    }
    tallies[std::string(source)].add(read);
  }
  return tallies;
}

}  // namespace ftok
