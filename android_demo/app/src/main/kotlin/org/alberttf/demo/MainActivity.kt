package org.alberttf.demo

import android.app.Activity
import android.os.Build
import android.os.Bundle
import android.view.View
import android.view.WindowInsets
import android.widget.RadioGroup
import org.alberttf.demo.state.Demo
import org.alberttf.demo.state.Tab
import org.alberttf.demo.view.ClassificationTab
import org.alberttf.demo.view.QuestionTab
import org.alberttf.demo.view.restore
import org.alberttf.demo.view.save
import org.alberttf.demo.view.visibleIf

/** The one screen: questions about a passage, and the class of a text. */
class MainActivity : Activity() {
    internal lateinit var demo: Demo
        private set

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.main)
        val root: View = findViewById(R.id.root)
        root.setOnApplyWindowInsetsListener(::keepClear)
        // Models and texts outlive a rotation; after the end of the process they are read again.
        val retained = lastNonConfigurationInstance as Demo?
        demo = retained ?: (application as DemoApplication).demo()
        if (retained == null) saved?.let(demo::restore)
        val questions = QuestionTab(findViewById(R.id.questions_tab), demo)
        ClassificationTab(findViewById(R.id.classes_tab), demo)
        if (retained == null && saved == null) questions.choose(0)
        showTabs()
    }

    override fun onRetainNonConfigurationInstance(): Demo = demo

    override fun onSaveInstanceState(to: Bundle) {
        super.onSaveInstanceState(to)
        demo.save(to)
    }

    override fun onDestroy() {
        demo.questions.listener = null
        demo.classes.listener = null
        if (!isChangingConfigurations) demo.close()
        super.onDestroy()
    }

    private fun showTabs() {
        val buttons: RadioGroup = findViewById(R.id.tabs)
        buttons.check(if (demo.tab == Tab.QUESTIONS) R.id.questions_button else R.id.classes_button)
        buttons.setOnCheckedChangeListener { _, id ->
            demo.tab = if (id == R.id.questions_button) Tab.QUESTIONS else Tab.CLASSES
            showTab()
        }
        showTab()
    }

    private fun showTab() {
        val asksQuestions = demo.tab == Tab.QUESTIONS
        findViewById<View>(R.id.questions_tab).visibility = visibleIf(asksQuestions)
        findViewById<View>(R.id.classes_tab).visibility = visibleIf(!asksQuestions)
        if (asksQuestions) demo.questions.load() else demo.classes.load()
    }

    /** Keeps clear of bars, cut-outs and the keyboard, which lie over the screen since API 35. */
    private fun keepClear(
        root: View,
        insets: WindowInsets,
    ): WindowInsets {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            val covered =
                insets.getInsets(
                    WindowInsets.Type.systemBars() or
                        WindowInsets.Type.displayCutout() or
                        WindowInsets.Type.ime(),
                )
            root.setPadding(covered.left, covered.top, covered.right, covered.bottom)
        }
        return insets
    }
}
