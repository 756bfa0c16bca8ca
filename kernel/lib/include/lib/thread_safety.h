/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lock annotations, checked by clang's -Wthread-safety and empty for other compilers.
 * See https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
 */
#ifndef LIB_THREAD_SAFETY_H
#define LIB_THREAD_SAFETY_H

#ifdef __clang__
#define THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define THREAD_ATTRIBUTE(x)
#endif

#define CAPABILITY(name) THREAD_ATTRIBUTE(capability(name))
#define GUARDED_BY(x)	 THREAD_ATTRIBUTE(guarded_by(x))
/* A member guarded by a lock in the same structure: clang's C front end cannot name that lock
 * before version 20, so this documents only. */
#define GUARDED_BY_MEMBER(x)
#define PT_GUARDED_BY(x)     THREAD_ATTRIBUTE(pt_guarded_by(x))
#define REQUIRES(...)	     THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define ACQUIRES(...)	     THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASES(...)	     THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...)    THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define EXCLUDES(...)	     THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY     THREAD_ATTRIBUTE(no_thread_safety_analysis)
#define ASSERT_CAPABILITY(x) THREAD_ATTRIBUTE(assert_capability(x))

#endif /* LIB_THREAD_SAFETY_H */
