//! `suppression/too-long`

use super::everywhere;
use super::shared::annotated;
use crate::engine::{
    AnnotationExcess, Check, Docs, Example, MAX_ANNOTATION_BYTES, MAX_NAMES, Rule, SuppressionCheck, Symptom,
    Wording,
};
use crate::policy::{Level, RuleSpec};

/// An annotation of which not everything is read.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "suppression/too-long",
        summary: "the annotation jobguard.dev/ignore is too long to be read completely",
        since: "0.1.0",
        renamed_from: &[],
        levels: everywhere(Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::Checks],
        what: "Only the first 200 different names in the annotation `jobguard.dev/ignore` are read, which is \
               more than there are rules; those after them ignore nothing. An annotation of more than 8 KiB \
               (8192 bytes) ignores nothing at all.",
        why: "What is not read silences nothing, although its author believes that it does.",
        examples: &[
            Example::bad(
                "two hundred names, and one more",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: backfill
  annotations:
    jobguard.dev/ignore: >-
      team/r0, team/r1, team/r2, team/r3, team/r4, team/r5, team/r6, team/r7, team/r8, team/r9, team/r10,
      team/r11, team/r12, team/r13, team/r14, team/r15, team/r16, team/r17, team/r18, team/r19, team/r20,
      team/r21, team/r22, team/r23, team/r24, team/r25, team/r26, team/r27, team/r28, team/r29, team/r30,
      team/r31, team/r32, team/r33, team/r34, team/r35, team/r36, team/r37, team/r38, team/r39, team/r40,
      team/r41, team/r42, team/r43, team/r44, team/r45, team/r46, team/r47, team/r48, team/r49, team/r50,
      team/r51, team/r52, team/r53, team/r54, team/r55, team/r56, team/r57, team/r58, team/r59, team/r60,
      team/r61, team/r62, team/r63, team/r64, team/r65, team/r66, team/r67, team/r68, team/r69, team/r70,
      team/r71, team/r72, team/r73, team/r74, team/r75, team/r76, team/r77, team/r78, team/r79, team/r80,
      team/r81, team/r82, team/r83, team/r84, team/r85, team/r86, team/r87, team/r88, team/r89, team/r90,
      team/r91, team/r92, team/r93, team/r94, team/r95, team/r96, team/r97, team/r98, team/r99, team/r100,
      team/r101, team/r102, team/r103, team/r104, team/r105, team/r106, team/r107, team/r108, team/r109,
      team/r110, team/r111, team/r112, team/r113, team/r114, team/r115, team/r116, team/r117, team/r118,
      team/r119, team/r120, team/r121, team/r122, team/r123, team/r124, team/r125, team/r126, team/r127,
      team/r128, team/r129, team/r130, team/r131, team/r132, team/r133, team/r134, team/r135, team/r136,
      team/r137, team/r138, team/r139, team/r140, team/r141, team/r142, team/r143, team/r144, team/r145,
      team/r146, team/r147, team/r148, team/r149, team/r150, team/r151, team/r152, team/r153, team/r154,
      team/r155, team/r156, team/r157, team/r158, team/r159, team/r160, team/r161, team/r162, team/r163,
      team/r164, team/r165, team/r166, team/r167, team/r168, team/r169, team/r170, team/r171, team/r172,
      team/r173, team/r174, team/r175, team/r176, team/r177, team/r178, team/r179, team/r180, team/r181,
      team/r182, team/r183, team/r184, team/r185, team/r186, team/r187, team/r188, team/r189, team/r190,
      team/r191, team/r192, team/r193, team/r194, team/r195, team/r196, team/r197, team/r198, team/r199,
      job/paused-by-parallelism
spec:
  parallelism: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"#,
            ),
            Example::good("only the rules that matter here", annotated!("job/paused-by-parallelism", 0)),
        ],
        sources: &[],
    },
    check: Check::Suppression(SuppressionCheck::TooLong(word)),
    precedence: &[],
    cel: None,
};

fn word(excess: AnnotationExcess) -> Wording {
    Wording {
        message: match excess {
            AnnotationExcess::Bytes(bytes) => format!(
                "the annotation has {bytes} bytes, and above {MAX_ANNOTATION_BYTES} bytes it ignores nothing"
            ),
            AnnotationExcess::Names => format!(
                "the annotation has more than {MAX_NAMES} names, and those after the first {MAX_NAMES} ignore nothing"
            ),
        },
        help: "name only rules that have findings here".to_owned(),
    }
}
