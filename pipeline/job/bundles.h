// What tasks of a job in an object store put together for those that come after them, so that these ask for less: the
// receipts of a pass in one object (shards/receipt_pack.h), and in bundles the sliced files of which each task of the
// next pass reads one slice. The T tasks of a pass are in blocks of about sqrt(T), each with a bundle: in it the tables
// of the block's files stand side by side, then their first slices, their second ones, and so on, so that two requests
// fetch one slice of each.
//
// A task that finds all others there, of its pass or of its block, puts them together; several may, to the same bytes.
// Nothing depends on it: what a bundle holds is held against the receipts, and where there is none, or another than
// they list, the files themselves are asked.
//
// A bundle: magic "FTOKBNDL", u32 version, u32 files, u32 slices, u32 zero; the files' tables (sliced_file.h), one
// after the other; the slices 0 of all of them, the slices 1, ...; the checksum of all before. Little-endian.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pipeline/job/task.h"

namespace ftok {

// To be called when the task has its receipt. What fails is logged.
void put_together(const Job& job, std::string_view pass, uint64_t task, const std::string& after, const Log& log);

// Fetches a slice of the first sliced file of each task of a pass, whose receipts these are.
void need_slice_of_all(const Job& job, const std::vector<TaskReceipt>& receipts, std::string_view magic, size_t slices,
                       size_t slice);

}  // namespace ftok
