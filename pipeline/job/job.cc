#include "pipeline/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "core/build_id.h"
#include "core/byte_source.h"
#include "core/error.h"
#include "core/recipe.h"
#include "core/shown.h"
#include "core/temporary_files.h"
#include "pipeline/inputs.h"
#include "pipeline/job/input_versions.h"
#include "pipeline/job_store.h"
#include "pipeline/output_folder.h"
#include "pipeline/run.h"
#include "shards/manifest.h"
#include "text/unicode.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kRangeBytes = uint64_t{512} << 20;  // of key records, wanted in a range
constexpr uint64_t kKeyBytesAnInputByte = 1000;        // an input's bytes to those of its key records, at most
constexpr uint64_t kInputBytes = uint64_t{1} << 30;    // of an input whose size is not known

[[noreturn]] void refuse(const std::string& what) { throw Error(what, kConfigurationExitCode); }

std::map<std::string, std::string> software() {
  const std::string id = build_id();
  return {{"ftok", FTOK_VERSION},
          {"unicode", kUnicodeVersion},
          {"program", id.empty() ? checksum_of_file("/proc/self/exe") : id}};
}

std::string_view rejects_name(Rejects rejects) {
  return rejects == Rejects::kNone ? "none" : rejects == Rejects::kIds ? "ids" : "text";
}

using Files = std::map<std::string, std::string>;  // name in the job's folder -> content

// Whether a folder holds nothing but what a plan of these files left that was killed before it wrote the manifest.
bool is_left_by_plan(const std::string& folder, const Files& files) {
  if (!fs::is_directory(folder)) return false;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).generic_string();
    const std::string base = entry.path().filename();
    const auto found = files.find(name);
    const bool is_folder = entry.is_directory() && std::any_of(files.begin(), files.end(), [&](const auto& file) {
                             return file.first.starts_with(name + "/");
                           });
    const bool is_ours = found != files.end() && entry.is_regular_file() && read_file(entry.path()) == found->second;
    const bool is_unfinished = is_temporary(base) && std::any_of(files.begin(), files.end(), [&](const auto& file) {
                                 return base.starts_with(fs::path(file.first).filename().string());
                               });
    if (!is_folder && !is_ours && !is_unfinished) return false;
  }
  return true;
}

std::vector<JobManifest::Input> inputs_of(const std::vector<std::string>& names) {
  std::vector<JobManifest::Input> inputs;
  for (const std::string& name : names) {
    std::error_code code;
    const uint64_t bytes = is_address(name) ? 0 : fs::file_size(name, code);
    inputs.push_back({escape_bytes(name), is_address(name) || code ? std::nullopt : std::optional(bytes)});
  }
  note_versions(S3Store(), names, inputs);
  return inputs;
}

uint64_t ranges_for(const std::vector<JobManifest::Input>& inputs) {
  uint64_t bytes = 0;
  for (const JobManifest::Input& input : inputs) bytes += input.bytes.value_or(kInputBytes);
  return std::clamp<uint64_t>(bytes / kKeyBytesAnInputByte / kRangeBytes + 1, 1, kJobTasksMax);
}

void check_inputs(const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    if (!is_address(input) && !can_be_read_again(input)) {
      throw UsageError(fmt::format("{} cannot be an input of a job: its tasks may have to read it again", input));
    }
    if (shown_input(input) != escape_bytes(input)) {
      throw UsageError(
          fmt::format("{}: an address with a secret in it cannot be an input of a job, whose manifest "
                      "would show it",
                      shown_input(input)));
    }
  }
}

// What a plan writes: job.json as the last of all.
Files files_of(const Plan& plan, JobManifest& manifest) {
  Files files;
  const auto add = [&](const std::string& prefix, const std::string& text, const EarlierByCorpus& earlier,
                       JobManifest& one) {
    const std::string binding = run_binding(text);
    one.binding = checksum_of(binding);
    files[prefix + kBindingName] = binding;
    if (!one.against.empty()) {
      const std::string list = write_earlier_list(earlier);
      one.earlier = checksum_of(list);
      files[prefix + kEarlierName] = list;
    }
    files[prefix + kJobName] = write_job_manifest(one);
  };
  EarlierByCorpus all;
  for (const RoutedCorpus& corpus : plan.corpora) {
    all[corpus.name] = corpus.earlier;
    JobManifest one = manifest;
    one.corpora.clear();
    one.corpus = corpus.name;
    add(fmt::format("{}/{}/", kCorporaFolder, corpus.name), corpus.binding, {{corpus.name, corpus.earlier}}, one);
  }
  if (plan.corpora.empty()) all[""] = plan.earlier;
  add("", plan.binding, all, manifest);
  return files;
}

// The same in an object store.
void store_plan(JobStore& store, const Files& files) {
  const auto is_the_same = [&](const std::string& name) {
    store.refresh(name);
    return read_file(store.folder() + "/" + name) == files.at(name);
  };
  const auto refuse_other = [&] {
    throw UsageError(fmt::format("{} holds another job; name another place", store.address()));
  };
  if (store.exists(kJobName)) {
    if (!is_the_same(kJobName)) refuse_other();
    return;
  }
  for (const S3Object& object : store.list("")) {
    if (files.contains(object.key) && is_the_same(object.key)) continue;
    throw UsageError(fmt::format("{} holds other objects; name another place", store.address()));
  }
  std::vector<std::string> names;
  for (const auto& [name, text] : files) {
    make_folder(fs::path(store.folder() + "/" + name).parent_path().string());
    write_file(store.folder() + "/" + name, text);
    if (name != kJobName) names.push_back(name);
  }
  store.store(names);
  if (!store.store_new(kJobName) && !is_the_same(kJobName)) refuse_other();
}

void write_plan(const std::string& output, const Files& files) {
  const std::string path = output + "/" + kJobName;
  if (fs::exists(path)) {
    if (read_file(path) == files.at(kJobName)) return;
    throw UsageError(fmt::format("{} holds another job; name another folder", output));
  }
  if (fs::exists(output) && !is_left_by_plan(output, files)) {
    throw UsageError(fmt::format("{} is there and is not empty; name another folder", output));
  }
  const auto write = [&](const std::string& name, const std::string& text) {
    const std::string folder = fs::path(output + "/" + name).parent_path().string();
    make_folder(folder);
    remove_dead_temporaries(folder);
    write_file(output + "/" + name, text);
  };
  for (const auto& [name, text] : files) {
    if (name != kJobName) write(name, text);
  }
  write(kJobName, files.at(kJobName));
}

}  // namespace

JobManifest plan_job(const JobOptions& options, RecipeConfig recipe, const Plan& plan) {
  if (options.tasks < 1 || options.tasks > kJobTasksMax) {
    throw UsageError(fmt::format("{} tasks: expected 1 to {}", options.tasks, kJobTasksMax));
  }
  if (options.ranges > kJobTasksMax) {
    throw UsageError(fmt::format("{} ranges of keys: expected 0 to {}", options.ranges, kJobTasksMax));
  }
  check_inputs(options.inputs);
  JobManifest manifest;
  manifest.software = software();
  manifest.recipe = recipe_text(std::move(recipe), false);
  manifest.folder = fs::current_path().string();
  manifest.vocabulary = options.vocabulary;
  manifest.language_model = options.language_model;
  manifest.against = options.against;
  manifest.rejects = rejects_name(options.rejects);
  manifest.text = options.text;
  manifest.inputs = inputs_of(options.inputs);
  for (const std::string_view pass : kPasses) manifest.tasks[std::string(pass)] = options.tasks;
  manifest.tasks["group"] = options.ranges > 0 ? options.ranges : ranges_for(manifest.inputs);
  manifest.tasks["finish"] = 1;
  manifest.tasks["cluster"] = plan.dedup.joins() ? 1 : 0;
  manifest.corpora = plan.routing.corpora();
  if (options.store) {
    store_plan(*options.store, files_of(plan, manifest));
  } else {
    write_plan(options.output, files_of(plan, manifest));
  }
  return manifest;
}

Job::Job(std::string path, Check check) : Job(std::move(path), nullptr, "", check) {}

Job::Job(std::shared_ptr<JobStore> store, Check check) : Job(std::string(store->folder()), store, "", check) {}

Job::Job(std::string path, std::shared_ptr<JobStore> store, std::string below, Check check)
    : path_(std::move(path)), store_(std::move(store)), below_(std::move(below)) {
  const std::string file = path_of(kJobName);
  refresh_file(kJobName);
  if (!fs::exists(file))
    refuse(fmt::format("{} holds no job: there is no {} (`ftok plan` makes one)", path_, kJobName));
  if (!fs::is_regular_file(file)) refuse(fmt::format("{} is not a file, as `ftok plan` wrote it", file));
  const std::string text = read_file(file);
  digest_ = checksum_of(text);
  Result<JobManifest> manifest = parse_job_manifest(text);
  if (!manifest) refuse(fmt::format("{} is not as `ftok plan` wrote it: {}", file, manifest.damage().detail));
  manifest_ = std::move(*manifest);
  if (check == Check::kManifestOnly) return;
  refresh_file(kBindingName);
  const std::map<std::string, std::string> here = software();
  for (const auto& [name, version] : here) {
    const std::string& planned = manifest_.software[name];
    if (planned != version) {
      refuse(fmt::format("{} was planned by another build of ftok ({} {}, this is {}): use that one for all its tasks",
                         path_, name, planned, version));
    }
  }
  if (!fs::exists(path_of(kBindingName)) || checksum_of_file(path_of(kBindingName)) != manifest_.binding) {
    refuse(fmt::format("{} is not as `ftok plan` wrote it", path_of(kBindingName)));
  }
}

EarlierByCorpus Job::earlier() const {
  if (manifest_.against.empty()) return {};
  refresh_file(kEarlierName);
  const std::string path = path_of(kEarlierName);
  const std::string text = fs::exists(path) ? read_file(path) : "";
  if (checksum_of(text) != manifest_.earlier) refuse(fmt::format("{} is not as `ftok plan` wrote it", path));
  return read_earlier_list(text, path);
}

std::vector<Job> Job::with_corpora() const {
  std::vector<Job> all = {*this};
  for (const std::string& name : manifest_.corpora) all.push_back(corpus(name, Check::kManifestOnly));
  return all;
}

Job Job::corpus(const std::string& name, Check check) const {
  return {corpus_folder(path_, name), store_, fmt::format("{}{}/{}/", below_, kCorporaFolder, name), check};
}

std::string Job::file(std::string_view name) const {
  if (store_) store_->fetch(below_ + std::string(name));
  return path_of(name);
}

void Job::need(const std::string& name, uint64_t size, uint64_t begin, uint64_t bytes) const {
  if (store_) store_->fetch_part(below_ + name, size, begin, bytes);
}

void Job::need_slices(const std::vector<WantedSlices>& files, std::string_view magic) const {
  if (!store_) return;
  JobStore::for_each(files.size(), [&](size_t i) {
    const auto& [name, size, checksum] = files[i].file.file;
    if (store_->is_whole(below_ + name)) return;
    const uint64_t table_at = sliced_file_table(size, files[i].slices);
    const std::string table = store_->read(below_ + name, table_at, size - table_at);
    give(name, size, 0, sliced_file_head(magic, files[i].slices));
    give(name, size, table_at, table);
    for (const auto& [first, end] : files[i].stretches) {
      if (first == end) continue;
      const uint64_t from = slice_place(table, first).begin, to = slice_place(table, end - 1).end;
      if (from < to && to <= table_at) store_->fetch_part(below_ + name, size, from, to - from);
    }
  });
}

void Job::give(const std::string& name, uint64_t size, uint64_t begin, std::string_view bytes) const {
  if (store_) store_->write_part(below_ + name, size, begin, bytes);
}

std::optional<std::string> Job::stored_part(const std::string& name, uint64_t begin, uint64_t bytes) const {
  return store_ ? store_->read_if_there(below_ + name, begin, bytes) : std::nullopt;
}

bool Job::has_copy(const std::string& name) const { return !store_ || store_->is_whole(below_ + name); }

std::vector<std::string> Job::pack_receipts(std::string_view pass) const {
  if (!store_) return {};
  std::vector<std::string> names = store_->pack(fmt::format("{}receipts/{}", below_, pass), tasks(pass));
  for (std::string& name : names) name.erase(0, below_.size());
  return names;
}

void Job::refresh_file(const std::string& name) const {
  if (store_) store_->refresh_file(below_ + name);
}

std::vector<S3Object> Job::stored(const std::string& prefix) const {
  if (!store_) return {};
  std::vector<S3Object> objects = store_->list(below_ + prefix);
  for (S3Object& object : objects) object.key.erase(0, below_.size());
  return objects;
}

void Job::withdraw(const std::vector<std::string>& names) const {
  if (!store_) return;
  std::vector<std::string> all;
  for (const std::string& name : names) all.push_back(below_ + name);
  store_->remove(all);
}

std::optional<uint64_t> Job::stored_bytes(const std::string& name) const {
  const std::optional<S3Object> object = store_ ? store_->find(below_ + name) : std::nullopt;
  return object ? std::optional(object->size) : std::nullopt;
}

bool Job::has(const std::string& name) const {
  return store_ ? store_->exists(below_ + name) : fs::exists(path_of(name));
}

void Job::refresh(const std::string& prefix) const {
  if (store_) store_->refresh(below_ + prefix, nullptr, JobStore::Packs::kUsed);
}

void Job::publish(const std::vector<std::string>& names) const {
  if (!store_) return;
  std::vector<std::string> all;
  for (const std::string& name : names) all.push_back(below_ + name);
  store_->store(all);
}

RecipeConfig Job::recipe() const { return parse_recipe(manifest_.recipe, path_of(kJobName)); }

Rejects Job::rejects() const {
  return manifest_.rejects == "none" ? Rejects::kNone : manifest_.rejects == "ids" ? Rejects::kIds : Rejects::kText;
}

void Job::check(const Plan& plan) const {
  if (plan.part != PlanPart::kAll) return check_digests(plan);
  const auto is_ours = [this](const RoutedCorpus& corpus) { return corpus.name == manifest_.corpus; };
  const auto corpus = std::find_if(plan.corpora.begin(), plan.corpora.end(), is_ours);
  const std::string binding = run_binding(corpus == plan.corpora.end() ? plan.binding : corpus->binding);
  if (checksum_of(binding) == manifest_.binding) return;
  refuse(fmt::format("{} was planned with something else: {}", path_,
                     recipe_difference(read_file(path_of(kBindingName)), binding)));
}

// Of a part of a plan: what it loaded, each by its line.
void Job::check_digests(const Plan& plan) const {
  const std::string bound = read_file(path_of(kBindingName));
  for (const std::string& line : plan.digest_lines()) {
    if (bound.find("\n" + line + "\n") != std::string::npos) continue;
    refuse(fmt::format("{} was planned with something else: now {}", path_, line));
  }
}

std::optional<TaskReceipt> Job::receipt(std::string_view pass, uint64_t task, const std::string& after,
                                        std::string* why) const {
  const std::string path = path_of(task_receipt_name(pass, task));
  const auto none = [&](const std::string& what) {
    if (why != nullptr) *why = what;
    return std::nullopt;
  };
  if (!fs::exists(path)) return none("is not done");
  Result<TaskReceipt> receipt = parse_task_receipt(read_file(path));
  if (!receipt) return none(fmt::format("has a damaged receipt ({})", receipt.damage().detail));
  if (receipt->job != digest_ || receipt->pass != pass || receipt->task != task) {
    refuse(fmt::format("{} is the receipt of another job or task: remove it", path));
  }
  if (!after.empty() && receipt->after != after) return none("was done before an input was extracted again");
  return std::move(*receipt);
}

}  // namespace ftok
