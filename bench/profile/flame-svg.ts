import type { Category } from './categories.ts'
import { categoryOf } from './shares.ts'
import type { Frame, Stack } from './stack.ts'
import { colourOf, escaped, legend, short, svg } from './svg.ts'

type Node = { readonly frame: Frame; count: number; readonly children: Map<string, Node> }

const width = 1200
const rowHeight = 15
const characterWidth = 6
const maxBytes = 150_000
const kernelDepth = 8

/**
 * A flame graph: callers below, what they call upon them, each as wide as its part of the samples. Functions with less than 0.3 % are
 * left out, more where the file would get large.
 */
export function flameSvg(stacks: readonly Stack[], title: string): string {
  const root = grow(stacks.map(ofInterest))
  for (let least = 0.003; ; least *= 1.3) {
    const picture = draw(root, title, least)
    if (picture.length <= maxBytes) return picture
  }
}

/** From the loop on, as every stack begins with the same dozen functions before it; and not into the depths of the kernel. */
function ofInterest(stack: Stack): Stack {
  const loop = stack.findIndex(({ name }) => name === 'uv_run' || name === 'node::SpinEventLoopInternal')
  const inKernel = stack.findIndex(({ kind }) => kind !== 'kernel')
  return stack.slice(Math.max(0, inKernel - kernelDepth), loop < 0 ? stack.length : loop + 1)
}

function grow(stacks: readonly Stack[]): Node {
  const root: Node = { frame: { name: 'all', file: '', kind: 'native' }, count: stacks.length, children: new Map() }
  for (const stack of stacks) {
    let node = root
    for (const frame of stack.toReversed()) {
      const key = `${frame.name} ${frame.file}`
      let child = node.children.get(key)
      if (child === undefined) {
        child = { frame, count: 0, children: new Map() }
        node.children.set(key, child)
      }
      child.count += 1
      node = child
    }
  }
  return root
}

type Box = { readonly node: Node; readonly depth: number; readonly x: number; readonly category: Category }

function draw(root: Node, title: string, least: number): string {
  const boxes = [...layOut(root, root.count * least)]
  const depth = Math.max(...boxes.map((box) => box.depth)) + 1
  const key = legend(new Set(boxes.map(({ category }) => category)), { x: 10, y: 34, width })
  const top = 34 + key.height + 10
  const bottom = top + depth * rowHeight
  const scale = (width - 20) / root.count
  const content = boxes.map((box) => boxAt(box, bottom - (box.depth + 1) * rowHeight, scale, root.count))
  const heading = `<text x="10" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>`
  return svg(width, bottom + 10, [heading, key.content, '<g font-size="10">', ...content, '</g>'].join('\n'))
}

function* layOut(root: Node, least: number): Generator<Box> {
  const waiting: Box[] = [{ node: root, depth: 0, x: 0, category: 'other' }]
  for (let box = waiting.pop(); box !== undefined; box = waiting.pop()) {
    yield box
    let { x } = box
    // In order of names, so that two pictures can be compared.
    for (const [, node] of [...box.node.children].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (node.count >= least) {
        waiting.push({ node, depth: box.depth + 1, x, category: categoryOf(node.frame) ?? box.category })
      }
      x += node.count
    }
  }
}

function boxAt({ node, x, category }: Box, y: number, scale: number, total: number): string {
  const boxWidth = node.count * scale
  const name = describe(node.frame)
  const title = `<title>${escaped(name)}, ${((node.count / total) * 100).toFixed(1)} %</title>`
  const left = 10 + x * scale
  const place = `x="${short(left)}" y="${y}" width="${short(Math.max(boxWidth - 0.5, 0.5))}" height="${rowHeight - 1}"`
  const rect = `<rect ${place} fill="${colourOf(category)}">${title}</rect>`
  const room = Math.floor((boxWidth - 6) / characterWidth)
  if (room < 4) return rect
  const text = name.length <= room ? name : `${name.slice(0, room - 1)}…`
  return `${rect}<text x="${short(left + 3)}" y="${y + 11}" pointer-events="none">${escaped(text)}</text>`
}

function describe({ name, file, kind }: Frame): string {
  return kind === 'javascript' ? `${name} ${file.slice(file.lastIndexOf('/') + 1)}` : name
}
