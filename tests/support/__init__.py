"""What several tests share: images, masks, hostile files, a browser."""
