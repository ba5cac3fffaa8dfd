#include "view/run_scan.h"

#include <algorithm>
#include <chrono>

#include "core/error.h"
#include "view/row_fields.h"
#include "view/view_answers.h"

namespace ftok {
namespace {

constexpr size_t kHostsShown = 20, kLanguagesShown = 20;
constexpr uint64_t kRowsBetweenLooks = 256;  // after which a stop is asked for, and readers get their turn
constexpr auto kPause = std::chrono::milliseconds(500);

uint32_t mark_of(std::string_view text) { return static_cast<uint32_t>(seeded_hash(text)); }

void write_counts(JsonWriter& json, const char* name, std::vector<std::pair<uint64_t, std::string>> counts,
                  size_t most) {
  const size_t shown = std::min(most, counts.size());
  std::partial_sort(
      counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(shown), counts.end(),
      [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  json.key(name).begin_array();
  for (size_t i = 0; i < shown; ++i) json.begin_array().value(counts[i].second).value(counts[i].first).end_array();
  json.end_array();
}

}  // namespace

std::string host_of_address(std::string_view address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return "";
  address.remove_prefix(scheme + 3);
  address = address.substr(0, address.find_first_of("/?#\\"));
  if (const size_t user = address.rfind('@'); user != std::string_view::npos) address.remove_prefix(user + 1);
  const size_t bracket = address.starts_with('[') ? address.find(']') : 0;  // of an IPv6 address
  address = address.substr(0, address.find(':', bracket));
  std::string host(address);
  for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return host;
}

RunScan::RunScan(const RunFolder& folder)
    : folder_(folder), thread_([this](const std::stop_token& ended) { work(ended); }) {}

RunScan::~RunScan() = default;

void RunScan::read_row(simdjson::dom::element row, bool is_kept, File& file) {
  const std::string_view url = text_field(row, "url");
  const std::string host = host_of_address(url);
  if (file.has_marks) {
    for (const std::string_view text : {text_field(row, "id"), url, std::string_view(host)}) {
      if (!text.empty()) file.marks.push_back(mark_of(text));
    }
  }
  const std::lock_guard lock(mutex_);
  ++counts_.documents;
  if (is_kept) {
    if (!host.empty()) {
      const auto known = counts_.hosts.find(host);
      if (known != counts_.hosts.end()) ++known->second;
      else if (counts_.hosts.size() < kHostsMax) counts_.hosts.emplace(host, 1);
    }
    if (const std::string_view language = text_field(row, "language"); !language.empty())
      ++counts_.languages[std::string(language)];
    uint64_t tokens = 0;
    if (row["token_count"].get(tokens) == simdjson::SUCCESS) counts_.lengths.add(static_cast<double>(tokens));
    return;
  }
  const std::string_view reason = text_field(row, "reason");
  if (reason.empty()) return;
  ++file.reasons[std::string(reason)];
  double value = 0, threshold = 0;
  if (row["value"].get_double().get(value) != simdjson::SUCCESS ||
      row["threshold"].get_double().get(threshold) != simdjson::SUCCESS)
    return;
  Values& values = counts_.values[std::string(reason)];
  values.histogram.add(value);
  values.threshold = threshold;
}

bool RunScan::read(const std::string& path, bool is_kept, File& file, const std::stop_token& ended) {
  RunRowReader reader(path);
  simdjson::dom::element row;
  for (std::string_view line; reader.next(line);) {
    if (++file.rows % kRowsBetweenLooks == 0 && ended.stop_requested()) return false;
    if (reader.parse(line, row)) read_row(row, is_kept, file);
  }
  std::sort(file.marks.begin(), file.marks.end());
  file.marks.erase(std::unique(file.marks.begin(), file.marks.end()), file.marks.end());
  file.marks.shrink_to_fit();
  return true;
}

void RunScan::work(const std::stop_token& ended) {
  size_t next = 0;  // file
  try {
    while (!ended.stop_requested()) {
      const std::shared_ptr<const RunFacts> facts = folder_.facts();
      if (next < 2 * facts->parts.size()) {
        const bool is_kept = next % 2 == 0;
        const RunPart& part = facts->parts[next / 2];
        const std::string& path = is_kept ? part.texts : part.rejects;
        File file;
        file.has_marks = marks_ < kMarksMax;
        if (!path.empty() && !read(path, is_kept, file, ended)) return;
        const std::lock_guard lock(mutex_);
        marks_ += file.marks.size();
        files_.push_back(std::move(file));
        ++next;
        continue;
      }
      is_up_to_date_ = true;
      if (facts->is_done) break;
      std::unique_lock lock(mutex_);
      pause_.wait_for(lock, ended, kPause, [] { return false; });
    }
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex_);
    failure_ = error.what();
  }
  is_up_to_date_ = true;
  const std::lock_guard lock(mutex_);
  is_done_ = true;
}

void RunScan::write(JsonWriter& json) const {
  const std::lock_guard lock(mutex_);
  json.begin_object().field("done", is_done_).field("parts", uint64_t{files_.size() / 2});
  json.field("documents", counts_.documents).field("hosts_in_all", uint64_t{counts_.hosts.size()});
  if (!failure_.empty()) json.field("failure", failure_);
  std::vector<std::pair<uint64_t, std::string>> rows;
  for (const auto& [host, count] : counts_.hosts) rows.emplace_back(count, host);
  write_counts(json, "hosts", std::move(rows), kHostsShown);
  rows = {};
  for (const auto& [language, count] : counts_.languages) rows.emplace_back(count, language);
  write_counts(json, "languages", std::move(rows), kLanguagesShown);
  json.key("lengths");
  write_bins(json, counts_.lengths);
  json.key("values").begin_object();
  for (const auto& [reason, values] : counts_.values) {
    json.key(reason).begin_object().field("threshold", values.threshold).field("documents", values.histogram.count());
    json.key("bins");
    write_bins(json, values.histogram);
    json.end_object();
  }
  json.end_object().end_object();
}

bool RunScan::may_hold(size_t part, bool is_kept, std::string_view text) const {
  const std::lock_guard lock(mutex_);
  const size_t number = 2 * part + (is_kept ? 0 : 1);
  if (number >= files_.size() || !files_[number].has_marks) return true;
  const std::vector<uint32_t>& marks = files_[number].marks;
  return std::binary_search(marks.begin(), marks.end(), mark_of(text));
}

std::optional<uint64_t> RunScan::rows(size_t part, bool is_kept, const std::string& reason) const {
  const std::lock_guard lock(mutex_);
  const size_t number = 2 * part + (is_kept ? 0 : 1);
  if (number >= files_.size()) return std::nullopt;
  if (reason.empty()) return files_[number].rows;
  const auto found = files_[number].reasons.find(reason);
  return found == files_[number].reasons.end() ? 0 : found->second;
}

void RunScan::wait() const {
  while (!is_up_to_date_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace ftok
