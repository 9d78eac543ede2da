use super::*;

/// A picture whose sample at each place of each plane is what `at` says of (plane, x, y).
fn picture(
    (width, height): (usize, usize),
    bits: u32,
    chroma: Chroma,
    is_interlaced: bool,
    at: impl Fn(usize, usize, usize) -> u16,
) -> [Vec<u8>; 3] {
    let (half, lines) = (width.div_ceil(2), if chroma == Chroma::Yuv420 { height.div_ceil(2) } else { height });
    let plane = |n, (width, height): (usize, usize)| -> Vec<u16> {
        (0..width * height).map(|i| at(n, i % width, i / width)).collect()
    };
    let data = [plane(0, (width, height)), plane(1, (half, lines)), plane(2, (half, lines))];
    let rows = |n: usize, stride| Rows { data: &data[n][..], stride };
    let planes = [rows(0, width), rows(1, half), rows(2, half)];
    let (even, high) = (width.next_multiple_of(2), height.next_multiple_of(2));
    let mut out = [vec![7; even * high], vec![7; even * high / 4], vec![7; even * high / 4]];
    let [y, u, v] = &mut out;
    Source { width, height, bits, chroma, is_interlaced, planes }.write(y, u, v);
    out
}

fn mean(plane: &[u8]) -> f64 {
    plane.iter().map(|sample| f64::from(*sample)).sum::<f64>() / plane.len() as f64
}

#[test]
fn eight_bits_stay_as_they_are_and_odd_edges_are_doubled() {
    let [y, u, v] = picture((5, 3), 8, Chroma::Yuv420, false, |n, x, y| (n * 100 + 10 * y + x) as u16);
    assert_eq!(y[..6], [0, 1, 2, 3, 4, 4]);
    assert_eq!(y[18..], [20, 21, 22, 23, 24, 24]);
    assert_eq!((&u[..], &v[3..]), (&[100, 101, 102, 110, 111, 112][..], &[210, 211, 212][..]));
}

#[test]
fn every_level_of_ten_bits_keeps_its_mean() {
    // A12.15 and the issue: dithered, so that the mean error is far below half a step and leans to no side.
    for chroma in [Chroma::Yuv420, Chroma::Yuv422] {
        for level in 0..=1020u16 {
            let planes = picture((16, 16), 10, chroma, false, |_, _, _| level);
            for plane in &planes {
                assert_eq!(mean(plane), f64::from(level) / 4.0, "{chroma:?} {level}");
                let most = plane.iter().max().unwrap() - plane.iter().min().unwrap();
                assert!(most <= 1, "{level}");
            }
        }
    }
    assert_eq!(mean(&picture((16, 16), 10, Chroma::Yuv422, false, |_, _, _| 1023)[1]), 255.0);
    assert_eq!(mean(&picture((16, 16), 9, Chroma::Yuv420, false, |_, _, _| 201)[0]), 100.5);
}

#[test]
fn a_gradient_of_ten_bits_shows_no_bands() {
    let [y, ..] = picture((1024, 64), 10, Chroma::Yuv420, false, |_, x, _| (x / 8 + 300) as u16);
    let mut worst = 0f64;
    for block in 0..128 {
        let rows = (0..64).flat_map(|row| &y[row * 1024 + block * 8..][..8]).copied().collect::<Vec<u8>>();
        worst = worst.max((mean(&rows) - (block as f64 + 300.0) / 4.0).abs());
    }
    assert!(worst < 0.01, "{worst}");
}

#[test]
fn chroma_lines_are_taken_where_420_has_them() {
    // Each line's chroma is four times its place, so that a result is the place of the line it stands for.
    let ramp = |_, _, y: usize| 4 * y as u16;
    let [_, u, _] = picture((8, 32), 8, Chroma::Yuv422, false, ramp);
    let lines = |u: &[u8]| u.chunks(4).map(mean).collect::<Vec<f64>>();
    for (n, line) in lines(&u).into_iter().enumerate() {
        assert_eq!(line / 4.0, 2.0 * n as f64 + 0.5, "line {n}");
    }
    // An interlaced picture of the same ramp ends at the same places: both fields' lines are half a line off a whole one.
    let [_, u, _] = picture((8, 32), 8, Chroma::Yuv422, true, ramp);
    for (n, line) in lines(&u).into_iter().enumerate() {
        assert_eq!(line / 4.0, 2.0 * n as f64 + 0.5, "line {n}");
    }
}

#[test]
fn fields_never_mix() {
    let [_, u, _] = picture((16, 18), 10, Chroma::Yuv422, true, |_, _, y| if y % 2 == 0 { 400 } else { 800 });
    for (n, line) in u.chunks(8).enumerate() {
        assert!(line.iter().all(|sample| *sample == if n % 2 == 0 { 100 } else { 200 }), "line {n}: {line:?}");
    }
    // One line high, and short planes: nothing to read beyond.
    picture((2, 1), 8, Chroma::Yuv422, true, |_, _, _| 9);
    let none = Rows { data: &[0u8; 3][..], stride: 4 };
    let (mut y, mut u, mut v) = ([0; 16], [0; 4], [0; 4]);
    let planes = [none, none, none];
    Source { width: 4, height: 4, bits: 8, chroma: Chroma::Yuv422, is_interlaced: true, planes }
        .write(&mut y, &mut u, &mut v);
}

#[test]
fn a_monochrome_picture_is_grey() {
    let [y, u, v] = picture((4, 4), 8, Chroma::Monochrome, false, |_, _, _| 50);
    assert!(y.iter().all(|sample| *sample == 50) && u.iter().chain(&v).all(|sample| *sample == 128));
}
