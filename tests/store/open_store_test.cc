#include "runtime/store/open/open_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/store/scratch_folder.h"

namespace onager::store {
namespace {

TEST(OpenStoreTest, AUrlNamesAStore) {
  EXPECT_TRUE(Open("memory:").ok());
  const ScratchFolder folder;
  EXPECT_TRUE(Open("sqlite:" + folder.File("data.db")).ok());
  EXPECT_TRUE(std::filesystem::exists(folder.File("data.db")));
}

TEST(OpenStoreTest, WhatNamesNoneIsAnErrorThatSaysWhatDoes) {
  for (const char* url : {"", "sqlite", "sqlite:", "memory", "mysql://host/db", "data.db"}) {
    const absl::Status status = Open(url).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_NE(status.message().find("sqlite:FILE"), std::string::npos) << status;
  }
}

TEST(OpenStoreTest, PasswordsAreNotShown) {
  EXPECT_EQ(WithoutPassword("postgres://ann:se:c@ret@host:5432/db"), "postgres://ann:…@host:5432/db");
  EXPECT_EQ(WithoutPassword("postgres://ann@host/db"), "postgres://ann@host/db");
  EXPECT_EQ(WithoutPassword("postgres://host:5432/a@b"), "postgres://host:5432/a@b");
  EXPECT_EQ(WithoutPassword("postgres:///db?user=a&password=secret&host=/tmp"),
            "postgres:///db?user=a&password=…&host=/tmp");
  EXPECT_EQ(WithoutPassword("postgres:///db?password=secret"), "postgres:///db?password=…");
  EXPECT_EQ(WithoutPassword("sqlite:data.db"), "sqlite:data.db");
  EXPECT_EQ(WithoutPassword("postgres://"), "postgres://");
}

}  // namespace
}  // namespace onager::store
