plugins {
    alias(libs.plugins.android.application)
}

android {
    namespace = "org.alberttf.demo"
    compileSdk = 36

    defaultConfig {
        applicationId = "org.alberttf.demo"
        minSdk = 24
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        ndk.abiFilters += listOf("arm64-v8a", "x86_64")
    }

    buildTypes.release {
        isMinifyEnabled = true
        proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    // Stored as it is, the model is mapped into memory instead of being read.
    androidResources.noCompress += "tflite"
    // The plugin's own pattern, and reports, which are for people and not for the phone.
    androidResources.ignoreAssetsPattern =
        "!.svn:!.git:!.ds_store:!*.scc:.*:<dir>_*:!CVS:!thumbs.db:!picasa.ini:!*~" +
        ":!report.json:!report.md:!report.png"

    testOptions.unitTests {
        isIncludeAndroidResources = true
        all {
            it.maxHeapSize = "2g"
            // Robolectric closes file descriptors by their private fields.
            it.jvmArgs("--add-opens=java.base/java.io=ALL-UNNAMED")
        }
    }
}

dependencies {
    implementation(project(":pipeline"))
    implementation(libs.litert)
    testImplementation(libs.junit)
    testImplementation(libs.kotlin.test)
    testImplementation(libs.robolectric)
}
