// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/walk_test.cc - random operations on files against a model.

#include <map>
#include <memory>

#include "tests/core/fs/vfs.h"

namespace {

// A file of the model: a directory has children, others bytes.
struct Node {
    bool is_dir;
    std::string data;
    std::map<std::string, std::shared_ptr<Node>> children;
};
using Ref = std::shared_ptr<Node>;

class WalkTest : public testing::Test {
protected:
    // The directory of a path and its last name; null: there is none.
    Ref Parent(const std::string &path, std::string *last, int *error)
    {
        Ref at = root_;
        size_t from = 0, slash;
        while ((slash = path.find('/', from)) != std::string::npos) {
            auto child = at->children.find(path.substr(from, slash - from));
            if (child == at->children.end()) {
                *error = -ENOENT;
                return nullptr;
            }
            at = child->second;
            if (!at->is_dir) {
                *error = -ENOTDIR;
                return nullptr;
            }
            from = slash + 1;
        }
        *last = path.substr(from);
        return at;
    }
    Ref Find(const std::string &path, int *error)
    {
        std::string last;
        *error = 0;
        Ref dir = Parent(path, &last, error);
        if (!dir)
            return nullptr;
        auto child = dir->children.find(last);
        if (child == dir->children.end())
            *error = -ENOENT;
        return *error == 0 ? child->second : nullptr;
    }
    std::string Path()
    {
        std::string path(1, static_cast<char>('a' + random_.below(4)));
        while (random_.below(2) && path.size() < 8)
            path +=
                std::string("/") + static_cast<char>('a' + random_.below(4));
        return path;
    }
    void MakeDir(const std::string &path)
    {
        std::string last;
        int want = 0;
        Ref dir = Parent(path, &last, &want);
        if (dir && dir->children.count(last))
            want = -EEXIST;
        ASSERT_EQ(want, vfs_.Dir(path)) << path;
        if (want == 0)
            dir->children[last] = std::make_shared<Node>(Node{true, "", {}});
    }
    void WriteFile(const std::string &path)
    {
        std::string last, data(random_.below(6000), 'a' + random_.below(26));
        int want = 0;
        Ref dir = Parent(path, &last, &want);
        if (dir && dir->children.count(last) && dir->children[last]->is_dir)
            want = -EISDIR;
        file *f;
        ASSERT_EQ(want, vfs_.Open(path, LX_O_CREAT | LX_O_TRUNC | LX_O_WRONLY,
                                  0644, &f))
            << path;
        if (want != 0)
            return;
        ASSERT_EQ(static_cast<ssize_t>(data.size()), Vfs::Put(f, data));
        file_put(f);
        if (!dir->children.count(last))
            dir->children[last] = std::make_shared<Node>(Node{false, "", {}});
        dir->children[last]->data = data;
    }
    void Remove(const std::string &path, bool directory)
    {
        std::string last;
        int want = 0;
        Ref dir = Parent(path, &last, &want);
        if (dir && !dir->children.count(last))
            want = -ENOENT;
        if (want == 0) {
            Ref node = dir->children[last];
            if (node->is_dir != directory)
                want = directory ? -ENOTDIR : -EISDIR;
            else if (directory && !node->children.empty())
                want = -ENOTEMPTY;
        }
        ASSERT_EQ(want, directory ? vfs_.Rmdir(path) : vfs_.Unlink(path))
            << path;
        if (want == 0)
            dir->children.erase(last);
    }
    static bool IsPrefix(const std::string &a, const std::string &b)
    {
        return b.compare(0, a.size() + 1, a + "/") == 0;
    }
    int RenameError(const std::string &from, const std::string &to, Ref *a,
                    Ref *b, std::string *x, std::string *y)
    {
        int error = 0;
        *a = Parent(from, x, &error);
        if (error == 0)
            *b = Parent(to, y, &error);
        if (error != 0)
            return error;
        if (!(*a)->children.count(*x))
            return -ENOENT;
        Ref source = (*a)->children[*x];
        Ref target = (*b)->children.count(*y) ? (*b)->children[*y] : nullptr;
        if (IsPrefix(from, to))
            return -EINVAL;
        if (IsPrefix(to, from))
            return -ENOTEMPTY;
        if (!target || target == source)
            return 0;
        if (source->is_dir != target->is_dir)
            return source->is_dir ? -ENOTDIR : -EISDIR;
        return target->is_dir && !target->children.empty() ? -ENOTEMPTY : 0;
    }
    void Move(const std::string &from, const std::string &to)
    {
        Ref a, b;
        std::string x, y;
        int want = RenameError(from, to, &a, &b, &x, &y);
        ASSERT_EQ(want, vfs_.Rename(from, to)) << from << " " << to;
        if (want != 0 ||
            a->children[x] == (b->children.count(y) ? b->children[y] : nullptr))
            return;
        Ref source = a->children[x];
        a->children.erase(x);
        b->children[y] = source;
    }
    void HardLink(const std::string &from, const std::string &to)
    {
        int want;
        std::string last;
        Ref source = Find(from, &want), dir;
        if (want == 0)
            dir = Parent(to, &last, &want);
        if (want == 0 && dir->children.count(last))
            want = -EEXIST;
        if (want == 0 && source->is_dir)
            want = -EPERM;
        ASSERT_EQ(want, vfs_.HardLink(from, to)) << from << " " << to;
        if (want == 0)
            dir->children[last] = source;
    }
    void Look(const std::string &path)
    {
        int want;
        Ref node = Find(path, &want);
        lx_stat stat = {};
        ASSERT_EQ(want, vfs_.Stat(path, &stat)) << path;
        if (want != 0)
            return;
        ASSERT_EQ(node->is_dir, (stat.st_mode & LX_S_IFMT) == LX_S_IFDIR);
        if (!node->is_dir) {
            ASSERT_EQ(node->data, vfs_.Read(path)) << path;
            return;
        }
        auto names = vfs_.List(path);
        ASSERT_EQ(node->children.size(), names.size());
        for (auto &name : names)
            ASSERT_EQ(1u, node->children.count(name)) << path << " " << name;
    }
    void Step()
    {
        std::string path = Path();
        switch (random_.below(9)) {
        case 0:
        case 1:
            return MakeDir(path);
        case 2:
            return WriteFile(path);
        case 3:
            return Remove(path, false);
        case 4:
            return Remove(path, true);
        case 5:
            return Move(path, Path());
        case 6:
            return HardLink(path, Path());
        case 7:
            if (random_.below(50) == 0)
                dentry_shrink(nullptr);
            return Look(path);
        default:
            return Look(path);
        }
    }
    harness::Random random_{5};
    Ref root_ = std::make_shared<Node>(Node{true, "", {}});
    Vfs vfs_;
};

TEST_F(WalkTest, RandomOperationsAgainstAModel)
{
    for (uint64_t i = 0; i < harness::steps(30000) && !HasFatalFailure(); i++)
        Step();
}

} // namespace
