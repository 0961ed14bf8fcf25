#include "connectors/files/file_input.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

namespace tocsin::files {
namespace {

namespace fs = std::filesystem;

std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

class FileInputTest : public testing::Test {
 protected:
  FileInputTest() : folder_(testing::TempDir() + "/files_" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~FileInputTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = folder_ + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  struct Read {
    std::vector<std::string> documents;   // "text" in order
    std::vector<uint64_t> offsets;
    std::vector<uint32_t> lines;
    std::vector<event::BadRecord> bad;
    std::vector<std::string> unreadable;
    event::InputTable inputs;
    size_t batches = 0;
  };
  static Read All(std::vector<std::string> paths, size_t max_document = event::kMaxDocumentBytes) {
    FileInput input(std::move(paths), max_document);
    Read out;
    event::Batch batch;
    while (input.Next(batch, out.inputs, out.bad, out.unreadable)) {
      out.batches++;
      for (const event::Document& document : batch.documents) {
        out.documents.emplace_back(batch.text(document));
        out.offsets.push_back(document.offset);
        out.lines.push_back(document.line);
      }
    }
    return out;
  }

  const std::string folder_;
};

TEST_F(FileInputTest, LinesWithTheirPlaces) {
  const Read read = All({Write("a.ndjson", "{\"a\":1}\r\n\n{\"a\":2}\n{\"a\":3}")});
  EXPECT_EQ(read.documents, (std::vector<std::string>{"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"}));
  EXPECT_EQ(read.offsets, (std::vector<uint64_t>{0, 10, 18}));
  EXPECT_EQ(read.lines, (std::vector<uint32_t>{1, 3, 4}));
  EXPECT_TRUE(read.bad.empty());
}

TEST_F(FileInputTest, ADocumentIsHandedOverWhole) {
  const std::string text = "{\n \"Records\": [\n  {\"a\": 1}\n ]\n}\n";
  EXPECT_EQ(All({Write("a.json", text)}).documents, std::vector<std::string>{text});
}

TEST_F(FileInputTest, PackedFilesReadLikePlainOnes) {
  std::string text;
  for (int i = 0; i < 50000; i++) text += "{\"n\":" + std::to_string(i) + "}\n";
  const Read plain = All({Write("plain.log", text)});
  ASSERT_EQ(plain.documents.size(), 50000u);
  EXPECT_EQ(All({Write("a.gz", Gzip(text))}).documents, plain.documents);
  EXPECT_EQ(All({Write("a.zst", Zstd(text))}).documents, plain.documents);
  // Several members and frames are one text; a line may span them.
  EXPECT_EQ(All({Write("b.gz", Gzip(text.substr(0, 1001)) + Gzip(text.substr(1001)))}).documents, plain.documents);
  EXPECT_EQ(All({Write("b.zst", Zstd(text.substr(0, 1001)) + Zstd(text.substr(1001)))}).documents, plain.documents);
}

TEST_F(FileInputTest, ATruncatedGzipIsNamedAndItsBeginningRead) {
  std::string text;
  for (int i = 0; i < 50000; i++) text += "{\"n\":" + std::to_string(i * 7919) + "}\n";
  const std::string packed = Gzip(text);
  const Read read = All({Write("a.json.gz", packed.substr(0, packed.size() / 2)), Write("b.json", "{\"b\":1}\n")});
  ASSERT_EQ(read.bad.size(), 1u);
  EXPECT_STREQ(read.bad[0].reason, "truncated gzip: what could be unpacked was read");
  EXPECT_GT(read.documents.size(), 10000u);
  EXPECT_EQ(read.documents.back(), "{\"b\":1}");  // the rest goes on
}

TEST_F(FileInputTest, ADamagedZstdIsNamed) {
  std::string packed = Zstd(std::string(100000, 'x'));
  packed[packed.size() / 2] ^= 0x55;
  packed.resize(packed.size() - 3);
  const Read read = All({Write("a.zst", packed)});
  ASSERT_GE(read.bad.size(), 1u);
  EXPECT_NE(std::string(read.bad.back().reason).find("zstd"), std::string::npos);
}

TEST_F(FileInputTest, FoldersInByteOrderWithoutWhatIsNoLog) {
  Write("d/b.json", "{\"b\":1}\n");
  Write("d/a/z.ndjson", "{\"z\":1}\n");
  Write("d/README.md", "# no log\n");
  Write("d/B.jsonl.gz", Gzip("{\"B\":1}\n"));
  FileInput input({folder_ + "/d"});
  EXPECT_EQ(input.skipped(), std::vector<std::string>{folder_ + "/d/README.md"});
  const Read read = All({folder_ + "/d"});
  EXPECT_EQ(read.documents, (std::vector<std::string>{"{\"B\":1}", "{\"z\":1}", "{\"b\":1}"}));
  EXPECT_EQ(read.inputs[1].folder, "a");
}

TEST_F(FileInputTest, NamesThatLookLikeLogs) {
  for (const char* name : {"a.json", "a.ndjson", "a.jsonl", "a.log", "a.json.gz", "a.log.zst", "X.JSON", "X.JSON.GZ", "a.Log.Zst", "audit.log.1", "audit.log.2.gz",
                           "audit.log.10.zst", "app.log-20260101", "app.log-20260101.gz", "APP.LOG-2026010112", "app.log.2026-01-01", "app.json.2026-01-01T10:15:00Z",
                           "app.log_2026-01-01_10", "app.log.2026-01-01.0.gz", "audit-2026-01-01T00-00-00.000.log", ".log"}) {
    EXPECT_TRUE(LooksLikeLog(name)) << name;
  }
  for (const char* name : {"README.md", "a.txt", "a.txt.1", "a.gz", "log", "json.1", "a.json5", "a.log.bak", "a.log.old", "a.log.1.tmp", "a.log.", "a.log.gz.1", "a.log-", "a.log~", "a.jsont1", "catalog.1", ""}) {
    EXPECT_FALSE(LooksLikeLog(name)) << name;
  }
}

TEST_F(FileInputTest, RotatedLogsAreReadWithTheOthers) {
  Write("d/audit.log", "{\"n\":3}\n");
  Write("d/audit.log.1", "{\"n\":2}\n");
  Write("d/audit.log.2.gz", Gzip("{\"n\":1}\n"));
  Write("d/audit.log.bak", "{\"n\":0}\n");
  FileInput input({folder_ + "/d"});
  EXPECT_EQ(input.skipped(), std::vector<std::string>{folder_ + "/d/audit.log.bak"});
  EXPECT_EQ(All({folder_ + "/d"}).documents, (std::vector<std::string>{"{\"n\":3}", "{\"n\":2}", "{\"n\":1}"}));
}

TEST_F(FileInputTest, LinksThatLoopAreCut) {
  Write("d/a.json", "{\"a\":1}\n");
  fs::create_directory_symlink(folder_ + "/d", folder_ + "/d/again");
  EXPECT_EQ(All({folder_ + "/d"}).documents.size(), 1u);
}

TEST_F(FileInputTest, WhatIsMissingIsNamedAndTheRestGoesOn) {
  const Read read = All({folder_ + "/missing.json", Write("a.json", "{\"a\":1}\n")});
  ASSERT_EQ(read.unreadable.size(), 1u);
  EXPECT_EQ(read.unreadable[0], folder_ + "/missing.json: No such file or directory");
  EXPECT_EQ(read.documents.size(), 1u);
}

TEST_F(FileInputTest, EmptyFilesAndFoldersHaveAnInputWithoutDocuments) {
  fs::create_directories(folder_ + "/empty");
  const Read read = All({folder_ + "/empty", Write("a.json", "")});
  EXPECT_TRUE(read.documents.empty());
  EXPECT_EQ(read.inputs.size(), 2u);
}

TEST_F(FileInputTest, ALineAboveTheLimitIsPassedOver) {
  const std::string path = Write("a.json", "{\"a\":1}\n{\"long\":\"" + std::string(5u << 20, 'x') + "\"}\n{\"b\":1}\n");
  const Read read = All({path}, 1u << 20);
  EXPECT_EQ(read.documents, (std::vector<std::string>{"{\"a\":1}", "{\"b\":1}"}));
  ASSERT_EQ(read.bad.size(), 1u);
  EXPECT_STREQ(read.bad[0].reason, "longer than max_document");
  EXPECT_EQ(read.bad[0].line, 2u);
  EXPECT_EQ(read.bad[0].offset, 8u);
  EXPECT_EQ(read.bad[0].size, (5u << 20) + 11);
}

TEST_F(FileInputTest, ALineAboveTheLimitIsAsLongWithACarriageReturn) {
  // The second carriage return stands at the end of a megabyte that is read in one piece.
  for (const size_t length : {5u << 20, (5u << 20) - 1}) {
    const Read read = All({Write("a.json", "{}\n" + std::string(length, 'x') + "\r\n{\"b\":1}\r\n")}, 1u << 20);
    EXPECT_EQ(read.documents, (std::vector<std::string>{"{}", "{\"b\":1}"}));
    ASSERT_EQ(read.bad.size(), 1u);
    EXPECT_EQ(read.bad[0].size, length);
    EXPECT_EQ(read.bad[0].line, 2u);
  }
}

TEST_F(FileInputTest, ALastLineAboveTheLimitEndsWithTheFile) {
  const Read read = All({Write("a.json", "{}\n" + std::string(5u << 20, 'x'))}, 1u << 20);
  EXPECT_EQ(read.documents, std::vector<std::string>{"{}"});
  ASSERT_EQ(read.bad.size(), 1u);
  EXPECT_EQ(read.bad[0].size, 5u << 20);
}

TEST_F(FileInputTest, ADocumentAboveTheLimitIsPassedOver) {
  const std::string path = Write("a.json", "{\n\"long\":\"" + std::string(5u << 20, 'x') + "\"}\n");
  const Read read = All({path, Write("b.json", "{\"b\":1}\n")}, 1u << 20);
  EXPECT_EQ(read.documents, std::vector<std::string>{"{\"b\":1}"});
  ASSERT_EQ(read.bad.size(), 1u);
  EXPECT_STREQ(read.bad[0].reason, "longer than max_document");
  EXPECT_EQ(read.bad[0].size, (5u << 20) + 13);
}

// Lines of every length across reads and batches, against cutting the whole text; two batches in turn, as a pipeline uses them again.
TEST_F(FileInputTest, LinesAcrossReadsAndBatchesAsCutFromTheWholeText) {
  constexpr size_t kMaxDocument = (5u << 20) / 2;   // between two batches and three
  for (uint32_t seed = 1; seed <= 12; seed++) {
    std::mt19937 random(seed);
    std::string text = "{}\n";   // a first line that is a value: it is no document
    for (size_t wanted = random() % (8u << 20); text.size() < wanted;) {
      const uint32_t kind = random() % 1000;
      const size_t length = kind < 5 ? (1u << 20) - 4 + random() % 8 : kind < 8 ? random() % (4u << 20) : kind < 100 ? random() % 100'000 : kind < 300 ? 0 : random() % 3000;
      text.append(length, static_cast<char>('a' + random() % 26));
      if (random() % 4 == 0) text.append(1 + random() % 2, '\r');
      text += '\n';
      if (seed % 3 == 0 && random() % 20 == 0) text.append((1u << 20) - text.size() % (1u << 20) - 1, 'z') += '\n';   // it ends with a read
    }
    if (seed % 2 == 0) text.pop_back();   // a last line without a line feed
    std::vector<std::string_view> documents;
    std::vector<uint64_t> offsets, bad_offsets;
    std::vector<uint32_t> lines, bad_lines;
    uint32_t line = 0;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      line++;
      std::string_view one = std::string_view(text).substr(begin, end - begin);
      while (one.ends_with('\r')) one.remove_suffix(1);
      if (one.size() > kMaxDocument) {
        bad_offsets.push_back(begin);
        bad_lines.push_back(line);
      } else if (!one.empty()) {
        documents.push_back(one);
        offsets.push_back(begin);
        lines.push_back(line);
      }
      begin = end + 1;
    }
    FileInput input({Write("plain.log", text), Write("packed.log.gz", Gzip(text))}, kMaxDocument);
    event::Batch batches[2];
    event::InputTable inputs;
    std::vector<event::BadRecord> bad;
    std::vector<std::string> unreadable;
    size_t next = 0;
    for (size_t i = 0; input.Next(batches[i % 2], inputs, bad, unreadable); i++) {
      const event::Batch& batch = batches[i % 2];
      ASSERT_EQ(std::string(batch.bytes().data() + batch.bytes().size(), event::kPadding), std::string(event::kPadding, '\0'));
      for (const event::Document& document : batch.documents) {
        ASSERT_LT(next, 2 * documents.size()) << "seed " << seed;
        const size_t at = next++ % documents.size();
        ASSERT_TRUE(batch.text(document) == documents[at]) << "seed " << seed << ", document " << at << " of " << documents[at].size() << " bytes";
        ASSERT_EQ(document.offset, offsets[at]) << "seed " << seed;
        ASSERT_EQ(document.line, lines[at]) << "seed " << seed;
      }
    }
    EXPECT_EQ(next, 2 * documents.size()) << "seed " << seed;
    ASSERT_EQ(bad.size(), 2 * bad_lines.size()) << "seed " << seed;
    for (size_t i = 0; i < bad.size(); i++) {
      EXPECT_EQ(bad[i].offset, bad_offsets[i % bad_lines.size()]) << "seed " << seed;
      EXPECT_EQ(bad[i].line, bad_lines[i % bad_lines.size()]) << "seed " << seed;
    }
  }
}

TEST_F(FileInputTest, ABatchKeepsItsBytesWhileOthersAreFilled) {
  std::string text;
  while (text.size() < (5u << 20)) text += "{\"n\":" + std::to_string(text.size()) + "}\n";
  FileInput input({Write("a.log", text)});
  event::InputTable inputs;
  std::vector<event::BadRecord> bad;
  std::vector<std::string> unreadable;
  std::vector<std::unique_ptr<event::Batch>> all;
  do all.push_back(std::make_unique<event::Batch>());
  while (input.Next(*all.back(), inputs, bad, unreadable));
  EXPECT_GT(all.size(), 4u);
  std::string together;
  for (const auto& batch : all) together += batch->bytes();
  EXPECT_TRUE(together == text);
}

TEST_F(FileInputTest, AByteOrderMarkIsNoPartOfTheText) {
  EXPECT_EQ(All({Write("a.json", "\xEF\xBB\xBF{\"a\":1}\n")}).documents, std::vector<std::string>{"{\"a\":1}"});
}

TEST_F(FileInputTest, DocumentsAreFollowedByReadableZeroes) {
  FileInput input({Write("a.json", "{\"a\":1}")});
  event::Batch batch;
  event::InputTable inputs;
  std::vector<event::BadRecord> bad;
  std::vector<std::string> unreadable;
  ASSERT_TRUE(input.Next(batch, inputs, bad, unreadable));
  const std::string_view text = batch.text(batch.documents[0]);
  for (size_t i = 0; i < event::kPadding; i++) EXPECT_EQ(text.data()[text.size() + i], '\0');
}

TEST_F(FileInputTest, TheFingerprintSeesWhatChanged) {
  const std::string path = Write("a.json", "{\"a\":1}\n");
  const std::string before = FileInput({path}).Fingerprint();
  EXPECT_EQ(FileInput({path}).Fingerprint(), before);
  const auto modified = fs::last_write_time(path);
  Write("a.json", "{\"a\":2}\n");
  fs::last_write_time(path, modified);
  EXPECT_NE(FileInput({path}).Fingerprint(), before);
}

}  // namespace
}  // namespace tocsin::files
