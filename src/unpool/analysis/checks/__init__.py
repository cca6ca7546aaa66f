"""Problems of images: duplicates, outliers, blur, darkness."""
