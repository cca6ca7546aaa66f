"""Every option once: its name, meaning and range. Commands, Python and config files share it.

A verb's options are the fields of a frozen dataclass, each carrying its `Option`:

    @dataclass(frozen=True)
    class MapSettings:
        method: Annotated[str, OPTIONS["map"]] = "tsne"
        seed: Annotated[int, OPTIONS["seed"]] = 0

`core/settings.py` has what reads such fields.
"""

from __future__ import annotations

from typing import Literal

from unpool.core.settings import Option
from unpool.objectives.catalogue import OBJECTIVES

METHODS = ("auto", "kmeans", "gmm", "hdbscan", "graph", "temi")
MAPS = ("tsne", "umap", "pca")
DEVICES = ("auto", "cpu", "cuda", "mps")
ENGINES = ("local", "ray")
PICTURES = ("auto", "kitty", "iterm", "sixel", "none")  # codes of terminals

DECODERS = ("unpool", "transpose", "upsample")
PRECISIONS = ("auto", "fp32", "bf16")
Scale = float | Literal["auto"]  # the factor by which an image is resized; "auto": to what a model learnt
SEGMENTERS = ("fcn32s", "fcn16s", "fcn8s", "fcn4s", "segnet")
UPSAMPLINGS = ("interpolate", "grouped", "dense")
CLASS_WEIGHTS = ("none", "sqrt", "median")
UNKNOWN = ("refuse", "ignore", "nearest")
MASK_NUMBERS = ("classes", "objects")
DRAWN_ON = ("shown", "stored")
INSPECTIONS = ("auto", "memory", "mirror")
HEATS = ("all", "bad", "none")
JUDGE_NONE = "none"  # to take a word back
JUDGEMENTS = ("good", "not-good", JUDGE_NONE)
JUDGE_BY = ("word", "threshold", "memory")

# The flag of an option is the name of its settings field; a key here differs where two verbs need other words for it.
OPTIONS: dict[str, Option] = {
    "work": Option(
        "workspace folder, or an address such as s3://BUCKET/NAME.unpool; by default ./NAME.unpool, NAME the folder's",
        metavar="DIR",
    ),
    "space": Option(
        "set of vectors in the workspace, made by unpool embed --space; without it the workspace's own",
        metavar="NAME",
    ),
    "network": Option(
        "network or encoder, as `unpool embed` takes them, or auto: chosen automatically; the reason is printed",
        flag="--model",
    ),
    "encoder-weights": Option(
        "weights of the network, as safetensors or a state dict, instead of published ones", metavar="FILE"
    ),
    "model": Option(
        "model folder, pretrained network (any of the catalogue or timm), FILE.onnx with its FILE.json, or "
        "module:function",
        metavar="MODEL",
    ),
    "measure": Option(
        "embed drawn photographs by this network, and keep how many a second", metavar="NETWORK"
    ),
    "vectors": Option(
        "vectors made elsewhere, in place of --model: an array (.npy) with its list of paths beside it, or a table "
        "(.parquet) with the columns path and vector",
        metavar="FILE",
    ),
    "groups": Option(
        "number of groups; a level of the tree of the present groups is taken at once",
        low=2,
        high=100_000,
        allows_auto=True,
    ),
    "run-groups": Option(
        "number of groups; without it the groups that there are stay and new images join them, and the first time it "
        "is found",
        low=2,
        high=100_000,
        allows_auto=True,
    ),
    "method": Option("grouping method", choices=METHODS),
    "merge": Option(
        "join the nearest groups until this many are left, instead of grouping again", low=1, high=100_000
    ),
    "split": Option("number of a group to divide in two, instead of grouping again", low=0, high=100_000),
    "zero-shot": Option(
        "names with commas between them: each image gets the one that fits it best as a suggestion, or none",
        metavar="NAME,NAME,…",
    ),
    "all-fit": Option(
        "with --zero-shot: each image has one of the names, so none is left out for fitting other nouns better"
    ),
    "names": Option(
        "name groups by a file of a name a line, auto (plain nouns) or auto:zh (in Chinese); present groups stay",
        metavar="FILE|auto",
    ),
    "map": Option("layout method", choices=MAPS),
    "minutes": Option("training time on this machine", unit="minutes", low=0.01, high=100_000),
    "steps": Option("exact number of training steps, instead of minutes", low=1, high=1_000_000_000),
    "words": Option(
        "words that images must fit, such as 'a red shoe'; several, and an image, weigh the same",
        metavar="TEXT",
    ),
    "not": Option("words that images must not fit; may be given several times", flag="--not", metavar="TEXT"),
    "text": Option("words that can be read in images, as unpool read-text found them", metavar="TEXT"),
    "k": Option("number of images to find", flag="-k", low=1, high=100_000),
    "range": Option(
        "values of black and white in images of more than 8 bits, or auto: found in the images",
        metavar="LOW,HIGH",
        allows_minus=True,
    ),
    "nodata": Option(
        "value that means no data in images of more than 8 bits, several with commas, or auto",
        metavar="V",
        allows_minus=True,
    ),
    "seed": Option("random seed; the same seed gives the same result", low=0, high=2**31 - 1),
    "device": Option("device that computes", choices=DEVICES),
    "engine": Option("who computes: this process, or workers of Ray", choices=ENGINES),
    "ray-address": Option(
        "Ray cluster to join, HOST:PORT or auto; by default that in RAY_ADDRESS, else Ray starts here",
        metavar="ADDRESS",
    ),
    "relocate": Option("go on with a folder that has moved, where its files alone do not prove it"),
    "settle": Option(
        "how long nothing may change in the folder before a round begins", unit="seconds", low=0.1, high=3600
    ),
    "rebuild": Option(
        "map and group all images anew, those too that have joined since; groups made by hand stay, and labels"
    ),
    "forget": Option("forget images whose whole folder is gone; by default their rows stay until it is back"),
    "data": Option("folder with named data sets in torchvision's layout"),
    "labels": Option(
        "true classes: `folders` (the folder an image lies in), `folders:LEVEL` (1 the top folder, -1 the innermost), "
        "or a file of path,label"
    ),
    "check-labels": Option(
        "labels that are compared with their images: `label`, `folders`, `folders:LEVEL`, a file of path,label, or "
        "`none`; by default the labels given, else class folders"
    ),
    "check-model": Option(
        "model of unpool inspect train, which lists what is not good; by default the one used here before; `none`: "
        "none from now on",
        metavar="MODEL",
    ),
    "check-threshold": Option(
        "score above which an image is not good, kept for this workspace; auto: the model's; by default as before",
        low=-1e9,
        high=1e9,
        allows_auto=True,
        allows_minus=True,
    ),
    "inspector": Option(
        "model of unpool inspect train, which scores the images and lists what is not good, in this and later runs and "
        "checks",
        metavar="MODEL",
    ),
    "train-labels": Option(
        "classes for --objective classify: `folders` (default), `folders:LEVEL`, or a file of path,label"
    ),
    "to": Option("format to write", metavar="FORMAT"),
    "out": Option("file or folder to write", metavar="PATH"),
    "size": Option("side of the input image", unit="pixels", low=1, high=8192),
    "objective": Option(
        "training objective; by default the network's own, mostly reconstruct", choices=OBJECTIVES
    ),
    "train-network": Option(
        "network of the catalogue, any timm or torchvision name, or FILE.yaml with its layers"
    ),
    "from": Option("model folder whose network and weights training starts from"),
    "freeze": Option("keep the encoder's weights and train the rest"),
    "width": Option("channels of the first layer, for networks with a choice", low=1, high=4096),
    "decoder": Option("how the decoder enlarges; upsample leaves no checkerboards", choices=DECODERS),
    "no-indices": Option("decode from the code alone, without pooling indices"),
    "epochs": Option("passes over the images", low=1, high=1_000_000),
    "batch": Option("images per step, over all processes", low=1, high=1_000_000),
    "drop-last": Option("skip the last batch of an epoch where it is not full"),
    "val": Option(
        "share of the images held out for validation, or a folder of other images",
        low=0,
        high=0.9,
        allows_text=True,
    ),
    "optimizer": Option("optimiser of torch.optim by name, as sgd:momentum=0.9"),
    "lr": Option("learning rate", low=1e-12, high=1e3),
    "weight-decay": Option("weight decay", low=0, high=1e3),
    "schedule": Option(
        "learning rate schedule: cosine, constant, or one of torch.optim, as step:step_size=10"
    ),
    "loss": Option("loss of torch.nn by name, or ssim: mse, l1, huber:delta=0.5, cross-entropy, …"),
    "init": Option("initialisation of new weights: default, xavier, kaiming, orthogonal, …"),
    "augment": Option("augmentation of training images: none, flip, shift, photo, crops, or FILE.yaml"),
    "corruption": Option(
        "noise on the input: salt-pepper:snr=0.9,p=1, gaussian:sigma=0.1, or mask:share=0.25"
    ),
    "weights": Option("initial weights: imagenet, none, or a file"),
    "resume": Option("resume an interrupted run (same options)"),
    "patience": Option("stop after this many epochs without a better validation loss", low=1, high=1_000_000),
    "precision": Option("floating-point precision; auto is bf16 on GPUs that have it", choices=PRECISIONS),
    "grid": Option("picture to write, as .png: inputs above their reconstructions", metavar="GRID.png"),
    "segmenter": Option("kind of network, by default fcn4s", choices=SEGMENTERS),
    "backbone": Option(
        "network of the catalogue, any timm or torchvision name, or a model folder to start from"
    ),
    "classes": Option(
        "file with the names of the classes and their numbers or colours in the masks, or voc, camvid, cityscapes"
    ),
    "ignore": Option("value in the masks that is no class; by default 255", low=-(2**31), high=2**32 - 1),
    "val-images": Option("folder of validation images"),
    "val-masks": Option("folder of the masks of the validation images, or a file of annotations"),
    "crop": Option(
        "side of the training crops, in the image; by default 320 over --enlarge",
        unit="pixels",
        low=16,
        high=8192,
    ),
    "backbone-lr": Option(
        "learning rate of the backbone; by default a third of --lr, or --lr for random weights",
        low=1e-12,
        high=1e3,
    ),
    "pixel-loss": Option(
        "loss per pixel: cross-entropy, focal:gamma=2, dice, lovasz:every=4, or several joined by a plus"
    ),
    "class-weights": Option(
        "weights of rare classes in cross-entropy and focal, by default none", choices=CLASS_WEIGHTS
    ),
    "crops": Option("augmentation of training images and masks: scenes (default), crop, none, or FILE.yaml"),
    "upsampling": Option("upsampling of the scores, by default interpolate", choices=UPSAMPLINGS),
    "unknown": Option(
        "values in masks that are no class: refuse them, ignore them, or take the nearest class",
        choices=UNKNOWN,
    ),
    "mask-numbers": Option(
        "what numbers in masks are: classes, or objects on the ground 0; by default found out, and refused in doubt",
        flag="--numbers",
        choices=MASK_NUMBERS,
    ),
    "drawn-on": Option(
        "whether masks lie as images are shown (turned as EXIF says) or stored; by default as their sizes say",
        choices=DRAWN_ON,
    ),
    "enlarge": Option(
        "factor by which images are enlarged before the encoder; by default up to 2 for small ones",
        low=0.25,
        high=8,
    ),
    "segment-val": Option(
        "share of the images held out for validation; by default 0.1 of 20 and more", low=0, high=0.9
    ),
    "overlap": Option("overlap of neighbouring windows, as a share; by default 0.25", low=0, high=0.9),
    "tile": Option("side of the windows", unit="pixels", low=32, high=8192),
    "scale": Option(
        "factor by which images are resized first, or auto: to the sizes that the model was trained on; by default 1",
        low=0.01,
        high=100,
        allows_auto=True,
    ),
    "scales": Option(
        "range of the factors by which crops are resized while training; by default 0.6,1.8",
        metavar="LOW,HIGH",
    ),
    "folds": Option(
        "trainings that cross-validate where nothing is held out; by default 3 for fewer than 20 pairs, 0 for none",
        low=0,
        high=20,
    ),
    "probabilities": Option("also write the probability of each class, as STEM.probabilities.tif"),
    "mask-formats": Option(
        "format of the results: png (label maps, always written), coco, yolo, labelme, cvat, labelstudio, or several "
        "joined by commas",
        metavar="FORMAT",
    ),
    "segment-out": Option("folder for label maps and overlays", metavar="DIR"),
    "segment-model": Option("model folder that unpool segment train wrote", metavar="MODEL"),
    "inspect-train-out": Option("model folder to write", metavar="MODEL"),
    "inspect-method": Option(
        "what good images are compared by: memory (features of an encoder), mirror (what an autoencoder cannot "
        "restore), or auto: what finds made defects better",
        choices=INSPECTIONS,
    ),
    "inspect-network": Option(
        "encoder whose maps are compared: a name of the catalogue or timm, or a model folder; by default "
        "efficientnet-lite0",
        metavar="NAME|MODEL",
    ),
    "inspect-size": Option(
        "side that images or windows are resized to, a multiple of 32; by default 256",
        unit="pixels",
        low=64,
        high=1024,
    ),
    "inspect-tile": Option(
        "side of windows that large images are cut into; without it images are seen whole",
        unit="pixels",
        low=64,
        high=8192,
    ),
    "inspect-val": Option(
        "folder of further good images that the threshold is chosen on; by default those learnt from, each by the "
        "others",
        metavar="FOLDER",
    ),
    "false-alarms": Option("share of good images that may be called not good", low=0.0001, high=0.5),
    "inspect-more": Option(
        "folder of further good images, or one, added to MODEL at once, without learning again",
        metavar="GOOD",
    ),
    "fair-sample": Option("the images of --more were not picked, and count for the thresholds too"),
    "inspect-minutes": Option("training time of the mirror", unit="minutes", low=0.01, high=10_000),
    "inspect-model": Option("model folder that unpool inspect train wrote", metavar="MODEL"),
    "inspect-pictures": Option(
        "folder to write: pictures of the ROC and of the worst misses, and a table of all scores",
        metavar="DIR",
    ),
    "inspect-masks": Option(
        "folder of masks, KIND/NAME_mask.png; by default ground_truth beside test", metavar="DIR"
    ),
    "inspect-out": Option("folder for scores.csv, heat maps and overlays", metavar="DIR"),
    "score-threshold": Option(
        "score above which an image is not good; by default the model's",
        low=-1e9,
        high=1e9,
        allows_minus=True,
    ),
    "judge-as": Option("what the images are; none takes a former word back", choices=JUDGEMENTS),
    "judge-by": Option(
        "what follows: the word alone, a threshold of this workspace that says so too, or a larger memory of the model",
        choices=JUDGE_BY,
    ),
    "heat": Option("images that get a heat map and an overlay", choices=HEATS),
    "heat-values": Option("also write the heat of these images in 16 bits, as STEM.heat.tif"),
    "host": Option("address to serve on; any but 127.0.0.1 lets other machines in"),
    "port": Option("port to serve on; 0 takes a free one", low=0, high=65535),
    "segmenter-model": Option("model folder of the segmenter for overlays, by default WORK/segmenter"),
    "as": Option("label for the images"),
    "none": Option("remove the labels"),
    "error": Option(
        "share of answers or suggestions that may be wrong; where more would be, none is given",
        low=0.0001,
        high=0.9,
    ),
    "field": Option("the field; `label` is the label", metavar="NAME"),
    "wrong": Option("mark as wrong: images that do not belong here"),
    "label-group": Option("label all images of this group; -1 for those in none", low=-1, high=100_000),
    "pictures": Option(
        "codes by which the terminal shows pictures; auto finds them by what it says of itself",
        choices=PICTURES,
    ),
    "list-labels": Option("list labels and fields, with their images"),
    "decide-group": Option("all images of this group; -1 for those in none", low=-1, high=100_000),
    "above": Option("suggestions of this confidence or more", low=0, high=1),
    "move-group": Option(
        "number of the group; the next number makes a new one, -1 is no group", low=-1, high=100_000
    ),
    "link": Option("with --to folders: make symbolic links instead of copies"),
    "json": Option("print one JSON object instead of text"),
    "config": Option("YAML file with the same options; the command line wins"),
    "debug": Option("show the traceback of an error"),
    "no-open": Option("do not open the report in the browser"),
}


def check(**values: object) -> None:
    """Check values by the names of their options.

    Raises:
        UsageError: for the first value that is out of range or no choice.

    >>> check(groups="auto", seed=0)
    >>> check(groups=1)
    Traceback (most recent call last):
    unpool.errors.UsageError: --groups is 1, but must be a number from 2 to 100000 or auto
    """
    for key, value in values.items():
        name = key.replace("_", "-")
        OPTIONS[name].check(name, value)
